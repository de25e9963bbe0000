"""What lies beside the tree: freed keys and values, those in slack, and those nothing leads to.

A record keeps its bytes when its cell is freed. Every place where one can begin is looked at; what
the tree uses is left out, and so is what cannot be one. Where a deleted value belonged is told by
the list of a deleted key, or by the leftover end of a living key's list; which key it was below by
the parent that its record names.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from triage.parsers.regf import records
from triage.parsers.regf.cells import Cells
from triage.parsers.regf.items import DELETED, ORPHAN, SLACK, Key, Value
from triage.parsers.regf.layout import Layout
from triage.parsers.regf.looks import Looks
from triage.parsers.regf.odd import DEVICE_TYPES
from triage.parsers.regf.sift import Where, of_entry
from triage.parsers.regf.tree import Tree

STATES = (DELETED, ORPHAN, SLACK)
_SIGNATURES = re.compile(b"[nv]k")
# FILETIMEs of 1980 and 2107: the years that a file system of the time can tell.
TIMES = range(119_600_064_000_000_000, 159_678_432_000_000_000)
NAME_MAX, VALUE_NAME_MAX, _DEPTH_MAX = 2048, 32767, 128
VALUE_FLAGS, TYPES = 3, 0x10000
_NODE = struct.Struct("<2xxxQ60xH")
_ENTRY = struct.Struct("<2xHIIIH")
_WORD = struct.Struct("<I")
# Words behind the end of one list that are looked at.
LEFTOVERS_MAX = 256


@dataclass(frozen=True, slots=True)
class Places:
    """Records of one kind beside the tree: where, how far each may go, places in ``STATES``."""

    at: Any = field(default_factory=lambda: array("q"))
    ends: Any = field(default_factory=lambda: array("q"))
    states: Any = field(default_factory=lambda: bytearray())

    def add(self, at: int, end: int, state: int) -> None:
        self.at.append(at)
        self.ends.append(end)
        self.states.append(state)


class Carved:
    """The deleted keys and values of one hive, made when they are asked for."""

    def __init__(self, tree: Tree, layout: Layout) -> None:
        self._tree, self._layout = tree, layout
        self._cells = tree.cells.loose(partial(container, layout))
        self._made: dict[int, Key | None] = {}
        if isinstance(layout.free, bytearray):
            self._keys, self._values = by_search(tree.cells, layout)
        else:
            from triage.parsers.regf.carve_arrays import places

            self._keys, self._values = places(tree.cells, layout)

    def items(self) -> Iterator[Key | Value]:
        """Keys, then values, by their place."""
        for index in range(len(self._keys.at)):
            key = self._key(int(self._keys.at[index]))
            if key is not None:
                yield key
        for index in range(len(self._values.at)):
            value = self._value(index)
            if value is not None:
                yield value

    def sift(self, least: int, where: Where | None) -> Iterator[Value]:
        """Deleted values, chosen as those of the tree are."""
        if isinstance(self._layout.free, bytearray):
            chosen: Iterator[tuple[int, Looks]] = (
                (index, looks)
                for index in range(len(self._values.at))
                if (entry := self._entry(index)) is not None
                and (looks := of_entry(self._cells, entry, least)) is not None
                and (where is None or where(looks))
            )
        else:
            from triage.parsers.regf.carve_arrays import of_places
            from triage.parsers.regf.sift_arrays import by_arrays

            found = of_places(self._cells, self._layout, self._values, self._entry)
            chosen = by_arrays(found, least, where)
        for index, looks in chosen:
            value = self._value(index)
            if value is not None:
                yield replace(value, stored_looks=looks)

    def ranges(self) -> list[tuple[int, int]]:
        """What the records and their data take, by place."""
        if not isinstance(self._layout.free, bytearray):
            from triage.parsers.regf.carve_arrays import ranges

            return ranges(self._cells, self._layout, self._keys, self._values, self._entry)
        found = [(node.at, node.end) for node in map(self._node, range(len(self._keys.at))) if node]
        for entry in filter(None, map(self._entry, range(len(self._values.at)))):
            found.append((entry.at, entry.end))
            parts = records.data_cells(self._cells, entry)
            found += [(cell + self._cells.head, end) for cell, end in parts]
        return sorted(found)

    def _node(self, index: int) -> records.Node | None:
        at, end = int(self._keys.at[index]), int(self._keys.ends[index])
        return records.node_at(self._cells, at, end)

    def _entry(self, index: int) -> records.Entry | None:
        at, end = int(self._values.at[index]), int(self._values.ends[index])
        return records.entry_at(self._cells, at, end)

    def _value(self, index: int) -> Value | None:
        entry = self._entry(index)
        if entry is None:
            return None
        holder = partial(self._owner, entry.at)
        return Value(self._cells, entry, holder, STATES[self._values.states[index]])

    @cached_property
    def _index(self) -> dict[int, int]:
        """The deleted keys by the places of their records."""
        return {int(at): index for index, at in enumerate(self._keys.at)}

    def _key(self, at: int) -> Key | None:
        """The key at a place, below those that its record names, as far as they are there."""
        chain: list[tuple[int, records.Node]] = []
        above: Key | None = None
        while at in self._index and at not in self._made and len(chain) < _DEPTH_MAX:
            node = self._node(self._index[at])
            if node is None or any(at == passed for passed, _ in chain):
                break
            chain.append((at, node))
            place = self._tree.place_of(node.parent)
            if place is not None:
                above = self._tree.key(place)
                break
            at = node.parent + self._cells.head
        else:
            above = self._made.get(at)
        for at, node in reversed(chain):
            state = STATES[self._keys.states[self._index[at]]]
            above = Key(self._cells, node, above, state, above is not None and above.rooted)
            self._made[at] = above
        return above

    def _owner(self, at: int) -> Key | None:
        key = self._owners.get(at)
        return self._key(key) if isinstance(key, int) else key

    @cached_property
    def _owners(self) -> dict[int, Key | int]:
        """The keys of deleted values, by lists of deleted keys and leftovers of living ones."""
        owners: dict[int, Key | int] = {}
        head, wanted = self._cells.head, frozenset(map(int, self._values.at))
        for index, at in enumerate(self._keys.at):
            node = self._node(index)
            for cell in () if node is None else records.value_cells(self._cells, node):
                if cell + head in wanted:
                    owners.setdefault(cell + head, int(at))
        for place, cell in leftovers(self._tree) if wanted else ():
            if cell + head in wanted:
                owners.setdefault(cell + head, self._tree.key(place))
        return owners


def container(layout: Layout, cell: int) -> tuple[int, int] | None:
    """The bytes of a freed cell: to the end of the free cell that it has become part of.

    What the tree uses by now is not the cell's content any more.
    """
    index = layout.holding(cell)
    if index is None or cell & 7 or cell < layout.used[index]:
        return None
    end = int(layout.ends[index])
    return (cell + 4, end) if cell + 4 < end else None


def by_search(cells: Cells, layout: Layout) -> tuple[Places, Places]:
    """Keys and values beside the tree, found one after the other."""
    keys, values = Places(), Places()
    for found in _SIGNATURES.finditer(cells.buffer):
        at = found.start()
        index = layout.holding(at) if at & 7 == cells.head & 7 else None
        if index is None or at < layout.used[index]:
            continue
        first = at == layout.starts[index] + cells.head and layout.used[index] == 0
        state = 0 if layout.free[index] else 1 if first else 2
        end = layout.ends[index]
        if found[0] == b"nk" and _can_be_key(cells, at, end):
            keys.add(at, end, state)
        elif found[0] == b"vk" and _can_be_value(cells, at, end):
            values.add(at, end, state)
    return keys, values


def _can_be_key(cells: Cells, at: int, end: int) -> bool:
    if at + records.NODE_NAME_AT > end:
        return False
    written, size = _NODE.unpack_from(cells.buffer, at)
    fits = 0 < size <= NAME_MAX and at + records.NODE_NAME_AT + size <= end
    return fits and (written == 0 or written in TIMES)


def _can_be_value(cells: Cells, at: int, end: int) -> bool:
    if at + records.NAME_AT > end:
        return False
    name, size, data, kind, flags = _ENTRY.unpack_from(cells.buffer, at)
    if name > VALUE_NAME_MAX or at + records.NAME_AT + name > end or flags > VALUE_FLAGS:
        return False
    if TYPES <= kind < DEVICE_TYPES:
        return False
    if size >= records.RESIDENT:
        return bool(size <= records.RESIDENT + 4)
    return bool(size < cells.limit and (data & 7 == 0 or size == 0))


def leftovers(tree: Tree) -> Iterator[tuple[int, int]]:
    """Words behind the end of living keys' lists of values, with the place of the key."""
    if not isinstance(tree.survey.keys, list):
        from triage.parsers.regf.carve_arrays import leftovers as by_arrays

        yield from by_arrays(tree)
        return
    cells, seen = tree.cells, set[int]()
    for place, cell in enumerate(tree.survey.keys):
        node = records.node(cells, cell)
        if node is None or not node.values or node.value_list in seen:
            continue
        seen.add(node.value_list)
        span = cells.span(node.value_list)
        if span is not None:
            first = span[0] + 4 * node.values
            last = min(span[1], first + 4 * LEFTOVERS_MAX)
            for (word,) in _WORD.iter_unpack(cells.bytes_at(first, last - (last - first) % 4)):
                yield place, word
