"""Files that lie alone, as a root of evidence: a hive, an event log, a repository's OBJECTS.DATA.

What an analyst has is often one file, copied out of an image. It is known by its content. Of its
folder nothing else is looked at but what belongs to it: the transaction logs of a hive, the index
and the maps of a repository. Several files keep their places below the folder they share.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from triage.evidence import Root, Unreadable, reopen_regular
from triage.model import Location, Why

_MAGICS = (b"regf", b"ElfFile\0")
_REPOSITORY, _INDEX = "objects.data", "index.btr"
_LOGS = (".log", ".log1", ".log2")


def is_known(path: str) -> bool:
    """Whether a file is one that can be looked at alone."""
    if os.path.basename(path).lower() == _REPOSITORY:
        return True
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            fd = reopen_regular(handle)
        finally:
            os.close(handle)
        try:
            return os.pread(fd, 8, 0).startswith(_MAGICS)
        finally:
            os.close(fd)
    except OSError:
        return False


class LooseRoot(Root):
    """Some files as a tree that holds nothing else."""

    def __init__(self, paths: Sequence[str]) -> None:
        """``paths`` are files of the analyst's own tree; raises :class:`Unreadable`."""
        files = [os.path.realpath(path) for path in paths]
        top = os.path.commonpath([os.path.dirname(file) for file in files])
        super().__init__(top)
        self.path = paths[0] if len(paths) == 1 else top
        found = (os.path.relpath(one, top) for file in files for one in _with_its_own(file))
        self.listed = tuple(sorted(f"/{one}" for one in dict.fromkeys(found)))

    def below(self, path: str) -> Root:
        raise Unreadable(self.locate(path), Why.ABSENT, "files that lie alone have no folders")

    def handle(self, path: str, *, follow: bool = True) -> int:
        wanted = f"/{path.strip('/')}"
        if wanted not in self.listed:
            raise Unreadable(self.locate(path), Why.ABSENT, "not one of the files that were given")
        return super().handle(wanted, follow=follow)

    def names(self, path: str) -> list[str]:
        """The names in a folder: of what was given, and what leads there."""
        folder = f"/{path.strip('/')}".rstrip("/") + "/"
        found = {
            one[len(folder) :].partition("/")[0] for one in self.listed if one.startswith(folder)
        }
        if not found:
            raise Unreadable(self.locate(path), Why.ABSENT, "not one of the files that were given")
        return sorted(found)

    @contextmanager
    def directory(self, path: str) -> Iterator[int]:
        raise Unreadable(Location(self.path), Why.ABSENT, "files that lie alone have no folders")
        yield -1


def _with_its_own(file: str) -> Iterator[str]:
    """A file and what belongs to it in the same folder."""
    yield file
    folder, name = os.path.split(file)
    low = name.lower()
    try:
        beside = sorted(os.listdir(folder))
    except OSError:
        return
    for other in beside:
        small = other.lower()
        if small in {low + end for end in _LOGS} or (
            low == _REPOSITORY and (small == _INDEX or small.endswith(".map"))
        ):
            yield os.path.join(folder, other)
