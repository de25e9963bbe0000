"""What a replay changed: what is only there after it, and what it removed.

The same cells hold the same things unless a written page touched them, so only what was touched,
or is led to on one side only, is looked up by its path on the other side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from triage.parsers.regf import records
from triage.parsers.regf.items import ALLOCATED, REPLAYED, Key, Value
from triage.parsers.regf.tree import Tree

_SECTOR = 9


class Changes:
    """Two trees of one hive, before and after the ranges in ``written`` were written."""

    def __init__(self, before: Tree, after: Tree, written: Sequence[tuple[int, int]]) -> None:
        self._before, self._after = _Side(before), _Side(after)
        self._touched = bytearray((after.cells.limit >> _SECTOR) + 1)
        for start, end in written:
            first, last = start >> _SECTOR, (end - 1 >> _SECTOR) + 1
            self._touched[first:last] = b"\1" * (last - first)

    def state_of_key(self, key: Key) -> str:
        """``allocated``, or ``replayed`` where no key of this path was there before."""
        place = self._before.tree.place_of(key.node.at - key.cells.head)
        if place is not None and not self._is_touched(key.node.at, key.node.at + 1):
            return ALLOCATED
        return REPLAYED if self._before.key(key.path) is None else ALLOCATED

    def state_of_value(self, value: Value) -> str:
        """``allocated``, or ``replayed`` where the same value was not there before."""
        cell = value.entry.at - value.cells.head
        if self._before.leads_to(cell) and not self._value_touched(value.cells.head, value.entry):
            return ALLOCATED
        return ALLOCATED if self._before.has(value) else REPLAYED

    def removed(self) -> Iterator[Key | Value]:
        """Keys and values that were there before the replay and are not after it."""
        tree, after = self._before.tree, self._after
        for place, cell in enumerate(tree.survey.keys):
            if after.tree.place_of(int(cell)) is None or self._is_touched(int(cell), int(cell) + 8):
                key = tree.key(place)
                if after.key(key.path) is None:
                    yield key
        for place, cell in enumerate(tree.survey.values):
            value = tree.value(place)
            if value is None:
                continue
            gone = not after.leads_to(int(cell))
            if (gone or self._value_touched(tree.cells.head, value.entry)) and not after.has(value):
                yield value

    def _value_touched(self, head: int, entry: records.Entry) -> bool:
        if self._is_touched(entry.at - head, entry.at + records.NAME_AT):
            return True
        if entry.resident or entry.size == 0:
            return False
        return entry.size > records.SEGMENT or self._is_touched(
            entry.data, entry.data + head + entry.size
        )

    def _is_touched(self, start: int, end: int) -> bool:
        return self._touched.find(1, start >> _SECTOR, (end - 1 >> _SECTOR) + 1) >= 0


class _Side:
    """One of the two trees, with keys by path."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._children: dict[int, dict[str, Key]] = {}

    @cached_property
    def values(self) -> bytearray:
        """For each 8 bytes of the bins, whether a value of the tree begins there."""
        marks, cells = bytearray((self.tree.cells.limit >> 3) + 1), self.tree.survey.values
        if isinstance(cells, list):
            for cell in cells:
                marks[cell >> 3] = 1
        else:
            import numpy as np

            np.frombuffer(marks, dtype=np.uint8)[cells >> 3] = 1
        return marks

    def leads_to(self, cell: int) -> bool:
        """Whether the tree has a value in this cell."""
        return cell < self.tree.cells.limit and bool(self.values[cell >> 3])

    def key(self, path: str) -> Key | None:
        key = self.tree.key(0)
        for name in path.split("\\") if path else ():
            found = self._below(key).get(name.upper())
            if found is None:
                return None
            key = found
        return key

    def _below(self, key: Key) -> dict[str, Key]:
        below = self._children.get(key.node.at)
        if below is None:
            below = self._children[key.node.at] = {}
            for cell in records.subkey_cells(self.tree.cells, key.node):
                node = records.node(self.tree.cells, cell)
                if node is not None:
                    below.setdefault(node.name.upper(), Key(self.tree.cells, node, key))
        return below

    def has(self, value: Value) -> bool:
        """Whether there is a value of this path, name, type and data."""
        key = self.key(value.path)
        if key is None:
            return False
        cells, wanted = self.tree.cells, (value.name.upper(), value.type, value.size)
        for cell in records.value_cells(cells, key.node):
            entry = records.entry(cells, cell)
            if entry is not None and (entry.name.upper(), entry.type, entry.size) == wanted:
                return records.data_of(cells, entry) == value.data
        return False
