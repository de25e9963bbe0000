"""A packed tree of files (tar, tar.gz) as a root of evidence: nothing of it is written to a disk.

The names and places of all members are read first; a file's bytes are unpacked when it is opened,
into a file in memory that only this process has. The rules of a directory tree hold: links lead
nowhere but into the archive, a name with ``..`` is refused, and of two members of one name the
last counts, as it would after unpacking. What was refused is told by :meth:`PackedRoot.remarks`.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from triage.evidence import Root, Unreadable, decode, encode, why_of
from triage.evidence.packed_stream import Stream
from triage.evidence.packed_tree import Node, Tree, facts_of, walk
from triage.model import FileFacts, Gap, Location, Why
from triage.parsers import Malformed
from triage.parsers.tar import Member, members

_LINKS_MAX = 40
_MEMBERS_MAX = 4_000_000
#: The most that is unpacked of one file: it is held in memory while it is open.
OPENED_MAX = 512 << 20
_PIECE = 1 << 20


class PackedRoot(Root):
    """An archive, or one directory of it, with the interface of a directory tree."""

    packed = True

    def __init__(self, path: str, *, label: str = "") -> None:
        """Open and index the archive at ``path``; raises :class:`Unreadable`."""
        self.path, self.label = path, label
        self._fd = -1
        self._stream = Stream(_opened(path))
        self._tree = Tree()
        self._damage = ""
        self._owner = True
        try:
            for count, member in enumerate(members(self._stream.read)):
                if count >= _MEMBERS_MAX:
                    raise Malformed(f"more than {_MEMBERS_MAX} members")
                self._tree.add(member)
        except Malformed as error:
            self._damage = self._stream.damage or str(error)
        except OSError as error:
            self._damage = error.strerror or "it could not be read"
        self._top = self._tree.top
        if not self._top.names:
            self.close()
            raise Unreadable(Location(path), Why.MALFORMED, self._damage or "an empty archive")

    def below(self, path: str) -> PackedRoot:
        """A directory of the archive as a tree of its own, out of which nothing leads."""
        found = self._node(path, follow=False)
        if found.kind != "directory":
            raise Unreadable(self.locate(path), Why.REFUSED, "no directory")
        inner = object.__new__(PackedRoot)
        inner.path, inner.label, inner._fd = f"{self.path}/{path.strip('/')}", self.label, -1
        inner._stream, inner._tree, inner._damage = self._stream, self._tree, self._damage
        inner._top, inner._owner = found, False
        return inner

    def within(self, path: str) -> PackedRoot:
        """The same for the whole of this tree, which is then closed with the inner one."""
        inner = self.below(path)
        self._owner, inner._owner = False, True
        return inner

    def close(self) -> None:
        if self._owner:
            self._stream.close()

    def remarks(self) -> Iterator[Gap]:
        """What was not read of the archive, each kind of reason once."""
        location = Location(self.path)
        if self._damage:
            detail = f"the archive: {self._damage}; what came before was read"
            yield Gap(location, Why.MALFORMED, detail)
        for reason, names in sorted(self._tree.refused.items()):
            further = self._tree.counts[reason] - len(names)
            shown = ", ".join(names) + (f" and {further} more" if further else "")
            yield Gap(location, Why.REFUSED, f"{shown}: {reason}")

    # --- the interface of a root -----------------------------------------------------------

    def handle(self, path: str, *, follow: bool = True) -> int:
        """Nothing to ask the kernel about: a packed tree has no inodes of its own."""
        detail = "an archive has no directory that could be opened"
        raise Unreadable(self.locate(path), Why.ABSENT, detail)

    def open(self, path: str, *, follow: bool = True) -> int:
        """A descriptor of a file in memory with the member's bytes."""
        node = self._regular(path, follow)
        assert node.member is not None
        if node.member.size > OPENED_MAX:
            detail = f"{node.member.size} bytes are more than is unpacked into memory"
            raise Unreadable(self.locate(path), Why.REFUSED, detail)
        try:
            return self._in_memory(node.member)
        except OSError as error:
            detail = error.strerror or ""
            raise Unreadable(self.locate(path), why_of(error), detail) from error

    def _in_memory(self, member: Member) -> int:
        fd = os.memfd_create("member", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            for piece in self._pieces(member):
                view = memoryview(piece)
                while view:
                    view = view[os.write(fd, view) :]
            os.fchmod(fd, 0o400)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW)
            os.lseek(fd, 0, os.SEEK_SET)  # as of a file that was just opened: some read from there
        except OSError:
            os.close(fd)
            raise
        return fd

    def _pieces(self, member: Member) -> Iterator[bytes]:
        at, end = member.offset, member.offset + member.size
        while at < end:
            piece = self._stream.read(at, min(_PIECE, end - at))
            if not piece:
                return
            yield piece
            at += len(piece)

    def pieces(self, path: str) -> Iterator[bytes]:
        """A file from its start to its end, however large; raises :class:`Unreadable`."""
        member = self._regular(path, follow=True).member
        assert member is not None
        try:
            yield from self._pieces(member)
        except OSError as error:
            detail = error.strerror or ""
            raise Unreadable(self.locate(path), why_of(error), detail) from error

    def facts(self, path: str, *, follow: bool = True) -> FileFacts:
        return facts_of(self._node(path, follow=follow))

    def read(self, path: str, limit: int) -> bytes:
        member = self._regular(path, follow=True).member
        assert member is not None
        return self._stream.read(member.offset, min(limit, member.size))

    def link(self, path: str) -> str:
        node = self._node(path, follow=False)
        if node.kind != "link" or node.member is None:
            raise Unreadable(self.locate(path), Why.REFUSED, "no symbolic link")
        return decode(node.member.link)

    def names(self, path: str) -> list[str]:
        return sorted(map(decode, self._listed(path).names))

    @contextmanager
    def directory(self, path: str) -> Iterator[int]:
        self.handle(path)
        yield -1  # never reached: handle() has raised

    def files_below(self, path: str) -> Iterator[str]:
        """The paths of all regular files below a directory, in the order of a walk of a disk."""
        yield from walk(self._listed(path), path.strip("/"))

    # --- names -----------------------------------------------------------------------------

    def _listed(self, path: str) -> Node:
        node = self._node(path, follow=True)
        if node.kind != "directory":
            raise Unreadable(self.locate(path), Why.ABSENT, "Not a directory")
        return node

    def _regular(self, path: str, follow: bool) -> Node:
        node = self._node(path, follow=follow)
        if node.kind != "file" or node.member is None:
            detail = "not a regular file, so it was not opened"
            raise Unreadable(self.locate(path), Why.REFUSED, detail)
        if node.member.sparse:
            detail = "a sparse member of the archive: its bytes are not put together"
            raise Unreadable(self.locate(path), Why.REFUSED, detail)
        return node

    def _node(self, path: str, *, follow: bool) -> Node:
        """What a path leads to, as the kernel would resolve it with this tree as its root."""
        node, links = self._top, 0
        pending = _parts(encode(path))
        while pending:
            part = pending.pop()
            if part == b"..":
                node = node if node is self._top or node.parent is None else node.parent
                continue
            found = node.names.get(part)
            if found is None:
                raise Unreadable(self.locate(path), Why.ABSENT, "No such file or directory")
            if found.kind != "link" or (not pending and not follow):
                node = found
                continue
            links += 1
            assert found.member is not None
            if links > _LINKS_MAX:
                raise Unreadable(self.locate(path), Why.REFUSED, "too many links")
            if found.member.link.startswith(b"/"):
                node = self._top
            pending += _parts(found.member.link)
        return node


def _parts(path: bytes) -> list[bytes]:
    return [part for part in reversed(path.split(b"/")) if part not in (b"", b".")]


def _opened(path: str) -> int:
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    try:
        fd = os.open(encode(path), flags)
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
    except (OSError, ValueError) as error:
        why = why_of(error) if isinstance(error, OSError) else Why.REFUSED
        detail = getattr(error, "strerror", None) or str(error)
        raise Unreadable(Location(path), why, detail) from error
    raise Unreadable(Location(path), Why.REFUSED, "not a regular file")


def collection(path: str) -> PackedRoot:
    """The tree of an archive; the one folder of it, where everything lies in one.

    Raises :class:`Unreadable`.
    """
    root = PackedRoot(path)
    names = root.names("/")
    alone = len(names) == 1 and stat.S_ISDIR(root.facts(names[0], follow=False).mode)
    if alone and _TOPS.intersection(root.names(names[0])):
        return root.within(names[0])
    return root


#: What the top of a collection, of a Linux or of a Windows system holds.
_TOPS = frozenset({"[root]", "etc", "usr", "var", "proc", "Windows", "Users"})
