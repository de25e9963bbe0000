"""``triage merge``: several snapshots of one case as one."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, BinaryIO

import click

from triage.cli.exits import Exit, fail

if TYPE_CHECKING:
    from triage.comparing.merging import Source


@click.command()
@click.argument("snapshots", metavar="SNAPSHOT...", nargs=-1, required=True)
@click.option(
    "-o", "output", required=True, metavar="SNAPSHOT|-",
    help="Where the merged snapshot goes; - is standard output; .gz compresses.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite a snapshot that exists.")
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
@click.option("--debug", is_flag=True, hidden=True)
def merge(snapshots: tuple[str, ...], output: str, force: bool, quiet: bool, debug: bool) -> None:
    """Merge snapshots of one box: a live look and its disk image, or looks in several parts.

    All must be whole, unaltered and of the same box and boot; anything else is refused. The
    sha256 of each file is kept in the result, which `triage analyze` judges like any other.
    """
    from triage.cli.files import check_apart
    from triage.cli.saving import save, snapshot_output
    from triage.comparing.merging import Unmergeable
    from triage.comparing.merging import merge as merged
    from triage.snapshot import dumps

    check_apart([output], snapshots)
    sources = [_source(path) for path in snapshots]
    made = snapshot_output(output, force)
    try:
        whole = merged(sources)
        save(dumps(whole), made)
    except Unmergeable as error:
        fail(Exit.USAGE, f"cannot merge: {error}",
             "compare two collections with: triage diff BASELINE CURRENT")  # fmt: skip
    finally:
        made.discard()
    for source in sources:
        if not source.snapshot.host.hostname:
            click.echo(
                f"triage: {_safe(source)} does not name its box: make sure that it is of this case",
                err=True,
            )
    if not quiet:
        for source in sources:
            what = f"{len(source.snapshot.artifacts)} artifacts, sha256 {source.sha256}"
            click.echo(f"triage: {_safe(source)}: {what}", err=True)
        click.echo(f"triage: {len(whole.artifacts)} artifacts merged", err=True)


def _safe(source: Source) -> str:
    from triage.printable import printable

    return printable(source.name)


class _Hashing:
    """A stream whose bytes are hashed as they are read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.digest.update(data)
        return data


def _source(path: str) -> Source:
    from triage.cli.run import read_snapshot
    from triage.comparing.merging import Source

    seen: list[_Hashing] = []

    def hashed(stream: BinaryIO) -> _Hashing:
        seen.append(_Hashing(stream))
        return seen[-1]

    snapshot = read_snapshot(path, through=hashed)
    return Source(os.path.basename(path), seen[0].digest.hexdigest(), snapshot)
