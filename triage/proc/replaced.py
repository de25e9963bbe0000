"""A replaced executable: what still runs, held against the file that now lies at its path."""

from __future__ import annotations

import os

from triage.evidence import Unreadable
from triage.model import FileFacts
from triage.proc.directory import ProcessDir
from triage.scene import without_deleted

_KNOWN_MAX = 256
# Workers of one daemon run one image: it is compared once.
_known: dict[tuple[str, int, int | None, str], int | None] = {}


def likeness(
    process: ProcessDir, exe: str | None, file: FileFacts | None, at_path: str | None
) -> int | None:
    """What percentage of their names the running image and the file at its path share.

    ``None`` where nothing was replaced, where one cannot be read, or where that says nothing.
    """
    if at_path != "other" or exe is None or file is None or not process.genuine:
        return None
    key = (file.dev, file.inode, file.mtime_ns, exe)
    if key not in _known and len(_known) < _KNOWN_MAX:
        _known[key] = _compared(process, without_deleted(exe))
    return _known.get(key)


def _compared(process: ProcessDir, path: str) -> int | None:
    from triage.content.likeness import LOOKED_AT, alike  # only where something was replaced

    if process.may_block(path):
        return None
    try:
        with process.opened("exe") as running, process.root() as root:
            there = root.open(path)
            try:
                return alike(os.pread(running, LOOKED_AT, 0), os.pread(there, LOOKED_AT, 0))
            finally:
                os.close(there)
    except (OSError, Unreadable):
        return None
