"""A whole hive: its facts, its tree, and what lies beside the tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from triage.parsers import Malformed
from triage.parsers.filetime import utc
from triage.parsers.regf import layout, records, root
from triage.parsers.regf.carve import Carved
from triage.parsers.regf.changes import Changes
from triage.parsers.regf.header import SIGNATURE, SIZE, BaseBlock, parse_base_block
from triage.parsers.regf.items import UNREPLAYED, Anomaly, Key, Remnant, Value
from triage.parsers.regf.layout import Layout
from triage.parsers.regf.logs import Replayed, is_log, replay
from triage.parsers.regf.remnants import HEADER, remnants
from triage.parsers.regf.sift import Where, shared_descriptors, sift, sift_keys
from triage.parsers.regf.survey import take
from triage.parsers.regf.tree import NO_NODE, Tree

if TYPE_CHECKING:
    from triage.parsers.regf.columns_arrays import Columns

_DEFAULT_LEAST = 64
# In a key's record: the time of its last write.
_WRITTEN = 4
# The bytes of the base block that Windows does not use (up to 0xFFC are the boot fields).
_UNUSED = ((0x200, 0xFF8),)


class Hive:
    """One hive. Reading it raises nothing; ``anomalies`` grows as it is read.

    ``kind_hint`` is the file name that the base block holds, ``last_written`` its time (UTC,
    RFC 3339), ``dirty`` whether a write was not ended, ``replayed`` how many entries of its logs
    were applied.
    """

    def __init__(
        self, data: bytes | memoryview, block: BaseBlock, replayed: Replayed | None = None
    ) -> None:
        self.kind_hint = block.name
        self.last_written = utc(block.written)
        self.dirty = block.dirty
        self.replayed = 0 if replayed is None else replayed.count
        self._original, self._replayed = (data, block), replayed
        self._block = block if replayed is None else replayed.block
        image = data if replayed is None else replayed.image
        self._cells, self._root = root.find(image, self._block)
        if len(data) < SIZE + block.bins_size:
            self._cells.note(len(data) - SIZE, "the file ends before its bins do")
        self._compared: Changes | None = None
        if replayed is not None:
            self._cells.judge = self._judge
        node = records.node(self._cells, self._root)
        self.root = Key(self._cells, node or NO_NODE, None)

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """What is wrong in the hive, as far as it was read: by offset, bounded."""
        base = self._cells.base
        return tuple(Anomaly(base + at, text) for at, text in sorted(self._cells.found))

    def note(self, *texts: str) -> None:
        """Remember what is wrong with the hive as a whole."""
        for text in texts:
            self._cells.note(-self._cells.base, text)

    @cached_property
    def _tree(self) -> Tree:
        return Tree(self._cells, take(self._cells, self._root))

    @cached_property
    def _layout(self) -> Layout:
        return layout.take(self._cells, self._tree.survey)

    @cached_property
    def _carved(self) -> Carved:
        return Carved(self._tree, self._layout)

    def _changes(self, replayed: Replayed) -> Changes:
        if self._compared is None:
            data, block = self._original
            cells, first = root.find(data, block)
            before = Tree(cells, take(cells, first), UNREPLAYED)
            self._compared = Changes(before, self._tree, replayed.written)
        return self._compared

    def _judge(self, item: Key | Value) -> str:
        """The state of what the tree has, seen from before the replay."""
        assert self._replayed is not None
        changes = self._changes(self._replayed)
        if isinstance(item, Key):
            return changes.state_of_key(item)
        return changes.state_of_value(item)

    def subkeys(self, key: Key) -> Iterator[Key]:
        """The subkeys of a key, in the order of its list."""
        for cell in records.subkey_cells(key.cells, key.node):
            node = records.node(key.cells, cell)
            if node is not None:
                yield Key(key.cells, node, key, key.stored_state)

    def values(self, key: Key) -> Iterator[Value]:
        """The values of a key, in the order of its list."""
        for cell in records.value_cells(key.cells, key.node):
            entry = records.entry(key.cells, cell)
            if entry is not None:
                yield Value(key.cells, entry, key, key.stored_state)

    def key(self, path: str) -> Key | None:
        """The key at a path below the root key, in any letter case; links are not followed."""
        key = self.root
        for name in path.split("\\") if path else ():
            wanted = name.upper()
            found = next((k for k in self.subkeys(key) if k.name.upper() == wanted), None)
            if found is None:
                return None
            key = found
        return key

    def walk(self) -> Iterator[tuple[Key, tuple[Value, ...]]]:
        """Every key of the tree with its values, parents first; every record at most once."""
        return self._tree.walk()

    def times(self) -> Iterator[int]:
        """The last write of every key of the tree, as it is stored: FILETIMEs."""
        head, buffer = self._cells.head, self._cells.buffer
        for cell in self._tree.survey.keys:
            at = int(cell) + head + _WRITTEN
            yield int.from_bytes(buffer[at : at + 8], "little")

    def columns(self) -> Columns | None:
        """The tree as whole arrays; ``None`` where it is read one record after the other."""
        if isinstance(self._tree.survey.keys, list):
            return None
        from triage.parsers.regf.columns_arrays import Columns

        return Columns(self._cells, self._tree.survey)

    def picked(self, places: Iterable[int]) -> Iterator[tuple[Key, tuple[Value, ...]]]:
        """As :meth:`walk`, for some keys by their ascending places in the survey."""
        return self._tree.picked(places)

    @property
    def size(self) -> tuple[int, int]:
        """How many keys and values the tree has."""
        return len(self._tree.survey.keys), len(self._tree.survey.values)

    def deleted(self) -> Iterator[Key | Value]:
        """Keys and values of free cells, of slack, and those that the tree does not lead to."""
        yield from self._carved.items()
        if self._replayed is not None:
            yield from self._changes(self._replayed).removed()

    def remnants(self, least: int = _DEFAULT_LEAST) -> Iterator[Remnant]:
        """Stretches of at least ``least`` bytes, not all NUL, that are no key and no value."""
        header = bytes(self._original[0][:SIZE])
        for start, end in _UNUSED:
            if end - start >= least and any(header[start:end]):
                yield Remnant(start, HEADER, header[start:end])
        yield from remnants(self._cells, self._layout, self._carved.ranges(), least)

    def sift(self, least: int = _DEFAULT_LEAST, where: Where | None = None) -> Iterator[Value]:
        """Values with at least ``least`` bytes, and those whose name, type or length is odd.

        ``where`` leaves values out by their looks before they become objects: it is called with
        :class:`Looks` whose fields are numbers (small hives) or arrays (large ones), so it may
        compare, and join by ``&`` and ``|``, nothing else.
        """
        survey = self._tree.survey
        for place, looks in sift(self._cells, survey.values, least, where):
            value = self._tree.value(place)
            if value is not None:
                yield replace(value, stored_looks=looks)

    def sift_keys(self) -> Iterator[Key]:
        """Keys with an odd name, with a class name, and symbolic links."""
        for place in sift_keys(self._cells, self._tree.survey.keys):
            yield self._tree.key(place)

    def descriptors(self) -> Iterator[tuple[bytes, Key, int]]:
        """Each security descriptor, the first key that has it, and how many have."""
        for place, count in shared_descriptors(self._cells, self._tree.survey.keys):
            key = self._tree.key(place)
            descriptor = key.security
            if descriptor is not None:
                yield descriptor, key, count

    def sift_deleted(
        self, least: int = _DEFAULT_LEAST, where: Where | None = None
    ) -> Iterator[Value]:
        """As :meth:`sift`, for the values that :meth:`deleted` finds in cells and in slack."""
        return self._carved.sift(least, where)


def open_hive(data: bytes | memoryview, logs: Sequence[bytes] = ()) -> Hive:
    """Open a hive; ``data`` is the whole file, ``logs`` are its transaction logs.

    Logs are replayed into memory. Raises :class:`Malformed` when there is no hive at all.
    """
    block = parse_base_block(data)
    if block is None or bytes(data[:4]) != SIGNATURE or len(data) <= SIZE:
        raise Malformed("no registry hive: no base block")
    if is_log(data):
        raise Malformed("no registry hive: a transaction log")
    notes: list[str] = []
    hive = Hive(data, block, replay(data, block, logs, notes.append))
    hive.note(*notes)
    return hive
