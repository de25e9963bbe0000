"""What a hive holds: keys, values, and bytes that belong to neither.

Keys and values are views: they hold where they are, and read themselves when they are asked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import field

from triage.parsers.filetime import utc
from triage.parsers.regf import records
from triage.parsers.regf.cells import Cells
from triage.parsers.regf.looks import Looks, look
from triage.parsers.regf.odd import is_odd_length, is_odd_name, is_odd_type
from triage.parsers.regf.sift import SYMLINK
from triage.records import dataclass

ALLOCATED, DELETED, SLACK, ORPHAN = "allocated", "deleted", "slack", "orphan"
REPLAYED, UNREPLAYED = "replayed", "unreplayed"
# Characters of a path that are told; Windows' own tools stop far below.
_PATH_MAX = 8192
BROKEN = "?"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """What is wrong in a hive, and where: ``offset`` counts from the start of the file."""

    offset: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Remnant:
    """Bytes that belong to no key or value. ``offset`` counts from the start of the file.

    ``kind``: ``free`` (a free cell), ``slack`` (behind what a cell holds), ``unreferenced`` (an
    allocated cell that nothing leads to), ``outside`` (between or behind the bins), ``header``
    (the unused part of the base block).
    """

    offset: int
    kind: str
    data: bytes = field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """A key. ``offset`` is that of its record (``nk``) in the file.

    ``state``: ``allocated`` (in the tree), ``deleted`` (in a free cell), ``slack`` (behind the
    data of a cell), ``orphan`` (allocated, but the tree does not lead to it), ``replayed`` (only
    there after the log was replayed), ``unreplayed`` (the replay removed it).
    """

    cells: Cells = field(repr=False, compare=False)
    node: records.Node
    parent: Key | None = field(repr=False)
    stored_state: str = ALLOCATED
    # Whether the parents lead up to the root key; the root itself is rooted.
    rooted: bool = True

    @property
    def state(self) -> str:
        if self.stored_state == ALLOCATED and self.cells.judge is not None:
            return self.cells.judge(self)
        return self.stored_state

    @property
    def offset(self) -> int:
        return self.cells.base + self.node.at

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def flags(self) -> int:
        return self.node.flags

    @property
    def written(self) -> int:
        """The last write as it is stored: a FILETIME."""
        return self.node.written

    @property
    def last_write(self) -> str | None:
        """The last write: UTC, RFC 3339; ``None`` when it is no time."""
        return utc(self.node.written)

    @property
    def path(self) -> str:
        """The names from below the root key down to this key, joined by backslashes.

        The root key's own path is empty. ``?`` stands first where the parents do not lead up to
        the root (only for keys that are not ``allocated``), and for what is left out of a path of
        more than 8192 characters.
        """
        names: list[str] = []
        room = _PATH_MAX
        key: Key | None = self
        while key is not None and key.parent is not None and room > 0:
            names.append(key.name)
            room -= len(key.name) + 1
            key = key.parent
        if room <= 0:
            names.append(BROKEN)
        elif key is not None and not key.rooted:
            names += [key.name, BROKEN]
        return "\\".join(reversed(names))

    @property
    def class_name(self) -> bytes | None:
        """The bytes of its class name; ``None`` without one."""
        return records.class_name(self.cells, self.node)

    @property
    def security(self) -> bytes | None:
        """The security descriptor, self-relative, from its ``sk`` cell."""
        return records.security(self.cells, self.node)

    @property
    def symlink(self) -> str | None:
        """Where a symbolic link leads; ``None`` for other keys."""
        if not self.flags & SYMLINK:
            return None
        for at in records.value_cells(self.cells, self.node):
            entry = records.entry(self.cells, at)
            if entry is not None and entry.name.lower() == "symboliclinkvalue":
                data = records.data_of(self.cells, entry)
                return data.decode(
                    "utf-16-le", "surrogatepass" if len(data) % 2 == 0 else "replace"
                )
        return None


@dataclasses.dataclass(frozen=True, slots=True)
class Value:
    """A value. ``offset`` is that of its record (``vk``) in the file; ``state`` as in a key."""

    cells: Cells = field(repr=False, compare=False)
    entry: records.Entry
    # The key, or what makes it when it is asked for.
    holder: Key | Callable[[], Key | None] | None = field(repr=False, compare=False)
    stored_state: str = ALLOCATED
    stored_looks: Looks | None = field(default=None, repr=False, compare=False)

    @property
    def key(self) -> Key | None:
        """Its key; ``None`` where nothing tells it any more."""
        return self.holder() if callable(self.holder) else self.holder

    @property
    def state(self) -> str:
        if self.stored_state == ALLOCATED and self.cells.judge is not None:
            return self.cells.judge(self)
        return self.stored_state

    @property
    def offset(self) -> int:
        return self.cells.base + self.entry.at

    @property
    def name(self) -> str:
        """Its name; empty for the default value."""
        return self.entry.name

    @property
    def type(self) -> int:
        """The declared type, all 32 bits; nothing about the data follows from it."""
        return self.entry.type

    @property
    def flags(self) -> int:
        return self.entry.flags

    @property
    def size(self) -> int:
        """The declared size in bytes; ``data`` may be shorter where the hive is damaged."""
        return self.entry.size

    @property
    def data(self) -> bytes:
        """The bytes of the value, whole, whatever the type says; big data is put together."""
        return records.data_of(self.cells, self.entry)

    @property
    def looks(self) -> Looks:
        """Counts that tell whether its content is worth an examination."""
        if self.stored_looks is not None:
            return self.stored_looks
        data, entry = self.data, self.entry
        odd = is_odd_type(entry.type) or is_odd_name(entry.name)
        odd = odd or is_odd_length(entry.type, entry.size, len(data))
        return look(data, entry.size, entry.type, odd)

    @property
    def path(self) -> str:
        """The path of its key, without the value's name; ``?`` where nothing tells it."""
        key = self.key
        return BROKEN if key is None else key.path
