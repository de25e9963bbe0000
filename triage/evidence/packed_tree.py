"""The names of an archive's members as a tree, as unpacking would make it."""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Iterator

from triage.evidence import decode
from triage.model import FileFacts
from triage.parsers.tar import Member

_NODES_MAX = 1_000_000
_DEPTH_MAX, _PATH_MAX = 128, 8192
_NAMED_MAX = 3
_TYPES = {"file": stat.S_IFREG, "directory": stat.S_IFDIR, "link": stat.S_IFLNK,
          "other": stat.S_IFIFO}  # fmt: skip
_DEVICE = "0:0"


@dataclasses.dataclass(slots=True)
class Node:
    """A name of the tree; ``number`` tells one inode from another."""

    number: int
    kind: str
    member: Member | None = None
    names: dict[bytes, Node] = dataclasses.field(default_factory=dict)
    parent: Node | None = None


class _Refused(Exception):
    """A member that unpacking would refuse, too; the message says why."""


class Tree:
    """The names of an archive."""

    def __init__(self) -> None:
        self.top = Node(0, "directory")
        self.refused: dict[str, list[str]] = {}
        self.counts: dict[str, int] = {}
        self._count = 0

    def add(self, member: Member) -> None:
        """Take a member in, or note why not."""
        try:
            self._add(member)
        except _Refused as reason:
            self._note(str(reason), member)

    def _note(self, reason: str, member: Member) -> None:
        names = self.refused.setdefault(reason, [])
        self.counts[reason] = self.counts.get(reason, 0) + 1
        if len(names) < _NAMED_MAX:
            names.append(decode(member.path[:200]))

    def _add(self, member: Member) -> None:
        parts = [part for part in member.path.split(b"/") if part not in (b"", b".")]
        if b".." in parts:
            raise _Refused("its name leads out of the archive")
        if len(parts) > _DEPTH_MAX or len(member.path) > _PATH_MAX or b"\0" in member.path:
            raise _Refused("its name is too long or no name")
        if not parts:
            return
        place = self.top
        for part in parts[:-1]:
            place = self._directory(place, part)
        self._put(place, parts[-1], member)

    def _directory(self, place: Node, name: bytes) -> Node:
        found = place.names.get(name)
        if found is None:
            found = place.names[name] = self._node("directory", place)
        if found.kind != "directory":
            raise _Refused("it lies below a name that is no directory")
        return found

    def _put(self, place: Node, name: bytes, member: Member) -> None:
        known = place.names.get(name)
        if known is not None and (known.kind == "directory") != (member.kind == "directory"):
            raise _Refused("it is a directory at one place and none at another")
        if known is not None and member.kind == "directory":
            known.member = member
            return
        if known is not None:
            self._note("a later member has its name and counts in its place", member)
        if member.kind == "hard link":
            place.names[name] = self._same_file(member)
            return
        node = self._node(member.kind, place)
        node.member = member
        place.names[name] = node

    def _same_file(self, member: Member) -> Node:
        node: Node | None = self.top
        for part in member.link.split(b"/"):
            if part not in (b"", b".") and node is not None:
                node = node.names.get(part)
        if node is None or node.kind != "file":
            raise _Refused("it is a second name of a file that is not there")
        return node

    def _node(self, kind: str, parent: Node) -> Node:
        self._count += 1
        if self._count > _NODES_MAX:
            raise _Refused("there are too many members")
        return Node(self._count, kind, parent=parent)


def facts_of(node: Node) -> FileFacts:
    """What the archive says of a file, in the terms of ``stat``."""
    member = node.member
    size = 0 if member is None else member.size
    time = 0 if member is None else member.mtime_ns
    mode = 0o755 if member is None else member.mode
    return FileFacts(
        dev=_DEVICE,
        inode=node.number,
        mode=_TYPES[node.kind] | mode,
        nlink=1,
        uid=0 if member is None else member.uid,
        gid=0 if member is None else member.gid,
        size=size,
        blocks=-(-size // 512),
        mtime_ns=time,
        ctime_ns=time,
    )


def walk(node: Node, path: str) -> Iterator[str]:
    found = sorted((name, one.kind == "directory") for name, one in node.names.items())
    for name, is_directory in found:
        below = f"{path}/{decode(name)}".lstrip("/")
        if is_directory:
            yield from walk(node.names[name], below)
        elif node.names[name].kind == "file":
            yield below
