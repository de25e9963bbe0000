"""Writing a snapshot to a file or to standard output, compressed when the name says so."""

from __future__ import annotations

import gzip
import sys

from triage.cli.exits import Exit, fail
from triage.cli.files import Output, create


def snapshot_output(path: str, force: bool) -> Output:
    """Create the file for a snapshot; leaves rather than write one to a terminal."""
    if path == "-" and sys.stdout.isatty():
        fail(
            Exit.USAGE,
            "a snapshot is not for the terminal",
            "send it on (triage collect -o - | gzip > FILE) or give a file with -o FILE",
        )
    return create(path, force=force)


def save(data: bytes, output: Output) -> None:
    """Write a snapshot's bytes. ``.gz`` compresses, with no time stamp in the header: the same
    snapshot gives the same file."""
    output.write(gzip.compress(data, 6, mtime=0) if output.path.endswith(".gz") else data)
