"""Writing a snapshot to a file or to standard output, compressed when the name says so."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable

from triage.cli.exits import Exit, fail
from triage.cli.files import create


def save_snapshot(path: str, force: bool) -> Callable[[bytes], None]:
    """Create the file now; what is returned writes the snapshot's bytes to it later.

    ``.gz`` compresses, with no time stamp in the header: the same snapshot gives the same file.
    """
    if path == "-" and sys.stdout.isatty():
        fail(
            Exit.USAGE,
            "a snapshot is not for the terminal",
            "send it on (triage collect -o - | gzip > FILE) or give a file with -o FILE",
        )
    stream = create(path, force=force)

    def write(data: bytes) -> None:
        stream.write(gzip.compress(data, 6, mtime=0) if path.endswith(".gz") else data)
        stream.flush()
        if path != "-":
            stream.close()

    return write
