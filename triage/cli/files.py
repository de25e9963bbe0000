"""Files that the tool writes: never over one that exists, never into the evidence."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from triage.cli.exits import Exit, deaf_stdout, fail


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


def check_apart(outputs: Sequence[str], inputs: Iterable[str | None]) -> None:
    """Refuse to write one file twice, or over what is read: ``--force`` is for old reports.

    Files are told by device and inode, so that a second name or a link does not hide one.
    """
    read = {_identity(path) for path in inputs if path is not None} - {None}
    seen: set[object] = set()
    for path in outputs:
        which = _identity(path)
        if which in read:
            fail(
                Exit.USAGE,
                f"refused: {path} is what is read",
                "triage never writes to evidence; choose another name",
            )
        one = which or os.path.realpath(path)
        if path != "-" and one in seen:
            fail(Exit.USAGE, "two outputs have the same file", "give each a name of its own")
        seen.add(one)


def _identity(path: str) -> tuple[int, int] | None:
    """Of what lies at a path; nothing for standard streams and for what does not exist."""
    if path == "-":
        return None
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


@dataclass(slots=True)
class Output:
    """A file that is open for writing, or standard output.

    ``fresh`` says that this run made the file. What a file held before is there until
    :meth:`write`, so that a run that fails costs nobody the last report.
    """

    path: str
    stream: BinaryIO
    fresh: bool
    done: bool = False

    def write(self, data: bytes) -> None:
        """The whole content at once; leaves when there is no room for it."""
        self.done = True
        try:
            self.stream.write(data)
            self.stream.flush()
            if self.path != "-":
                self.stream.truncate()
                self.stream.close()
        except BrokenPipeError:
            deaf_stdout()  # the reader (head, less) has seen enough; the exit code still counts
        except OSError as error:
            if self.path == "-":
                deaf_stdout()
            where = "standard output" if self.path == "-" else self.path
            fail(Exit.USAGE, f"cannot write {where}: {error.strerror}")

    def discard(self) -> None:
        """Take back a file that was made and never written."""
        if self.done or self.path == "-":
            return
        self.done = True
        self.stream.close()
        if self.fresh:
            os.unlink(self.path)


def create(path: str, *, force: bool = False) -> Output:
    """A new file for writing (mode 0600), or standard output for ``-``.

    A file that exists is refused without ``force``; with it only a regular file is overwritten,
    and never through a link: on a hostile box a name may lead anywhere.
    """
    if path == "-":
        return Output(path, sys.stdout.buffer, fresh=False)
    flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        return _opened(path, flags | os.O_CREAT | os.O_EXCL, fresh=True)
    except FileExistsError:
        if not force:
            fail(Exit.USAGE, f"{path} exists", "choose another name, or overwrite it with --force")
    except (OSError, ValueError) as error:
        _refused(path, error)
    try:
        return _opened(path, flags, fresh=False)
    except (OSError, ValueError) as error:
        _refused(path, error)


def _opened(path: str, flags: int, *, fresh: bool) -> Output:
    fd = os.open(path, flags, 0o600)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        fail(Exit.USAGE, f"{path} is no regular file", "only regular files are overwritten")
    return Output(path, os.fdopen(fd, "wb"), fresh)


def _refused(path: str, error: OSError | ValueError) -> NoReturn:
    words = getattr(error, "strerror", None) or str(error)
    fail(Exit.USAGE, f"cannot create {path}: {words}", "check the directory and permissions")


def open_snapshot(path: str) -> BinaryIO:
    """A snapshot file for reading, or standard input for ``-``."""
    if path == "-":
        return sys.stdin.buffer
    try:
        return open(path, "rb")
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        fail(Exit.BAD_SNAPSHOT, f"cannot read {path}: {words}", "give the path of a snapshot")
