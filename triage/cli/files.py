"""Files that the tool writes: never over one that exists, never into the evidence."""

from __future__ import annotations

import os
import stat
import sys
from typing import BinaryIO

from triage.cli.exits import Exit, fail


def check_outside(path: str, root: str) -> None:
    """Refuse an output path inside a mounted image: evidence is not written to."""
    if path == "-":
        return
    top = os.path.realpath(root)
    target = os.path.join(os.path.realpath(os.path.dirname(path) or "."), os.path.basename(path))
    if top != "/" and os.path.commonpath([top, target]) == top:
        fail(
            Exit.USAGE,
            f"refused: {path} lies inside the evidence root {root}",
            "triage never writes to evidence; choose a place outside the image",
        )


def create(path: str, *, force: bool = False) -> BinaryIO:
    """A new file for writing (mode 0600), or standard output for ``-``.

    A file that exists is refused without ``force``; with it only a regular file is overwritten,
    and never through a link: on a hostile box a name may lead anywhere.
    """
    if path == "-":
        return sys.stdout.buffer
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    flags |= 0 if force else os.O_EXCL
    try:
        fd = os.open(path, flags, 0o600)
    except FileExistsError:
        fail(Exit.USAGE, f"{path} exists", "choose another name, or overwrite it with --force")
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        fail(Exit.USAGE, f"cannot create {path}: {words}", "check the directory and permissions")
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        fail(Exit.USAGE, f"{path} is no regular file", "only regular files are overwritten")
    if force:
        os.ftruncate(fd, 0)
    return os.fdopen(fd, "wb")


def open_snapshot(path: str) -> BinaryIO:
    """A snapshot file for reading, or standard input for ``-``."""
    if path == "-":
        return sys.stdin.buffer
    try:
        return open(path, "rb")
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        fail(Exit.BAD_SNAPSHOT, f"cannot read {path}: {words}", "give the path of a snapshot")
