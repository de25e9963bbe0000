"""What lies beside the tree: freed keys and values, those in slack, and those nothing leads to.

A record keeps its bytes when its cell is freed. Every place where one can begin is looked at; what
the tree uses is left out, and so is what cannot be one. Where a deleted value belonged is told by
the list of a deleted key, or by the leftover end of a living key's list; which key it was below by
the parent that its record names.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from functools import partial

from triage.parsers.regf import records
from triage.parsers.regf.cells import Cells
from triage.parsers.regf.items import DELETED, ORPHAN, SLACK, Key, Value
from triage.parsers.regf.layout import Layout
from triage.parsers.regf.odd import DEVICE_TYPES
from triage.parsers.regf.tree import Tree

_SIGNATURES = re.compile(b"[nv]k")
# FILETIMEs of 1980 and 2107: the years that a file system of the time can tell.
_TIMES = range(119_600_064_000_000_000, 159_678_432_000_000_000)
_NAME_MAX, _VALUE_NAME_MAX, _DEPTH_MAX = 1024, 32768, 512
_VALUE_FLAGS, _TYPES = 3, 0x10000
_WORD = struct.Struct("<I")
# Words behind the end of one list that are looked at.
LEFTOVERS_MAX = 256


class Carved:
    """The deleted keys and values of one hive; what was found is kept."""

    def __init__(self, tree: Tree, layout: Layout) -> None:
        self._tree, self._layout = tree, layout
        self._cells = tree.cells.loose(partial(_container, layout))
        self._nodes: dict[int, tuple[records.Node, str]] = {}
        self._entries: dict[int, tuple[records.Entry, str]] = {}
        self._made: dict[int, Key | None] = {}
        for at, end, state in places(tree.cells, layout):
            self._admit(at, end, state)
        self._owners = self._find_owners()

    def _admit(self, at: int, end: int, state: str) -> None:
        """Take the record at ``at`` if it can be one."""
        node = records.node_at(self._cells, at, end)
        if node is not None and _is_key(node, end):
            self._nodes[at] = (node, state)
        entry = None if node is not None else records.entry_at(self._cells, at, end)
        if entry is not None and _is_value(entry, end, self._cells.limit):
            self._entries[at] = (entry, state)

    def items(self) -> Iterator[Key | Value]:
        """Keys, then values, by their place."""
        for at in sorted(self._nodes):
            key = self._key(at)
            if key is not None:
                yield key
        for at, (entry, state) in sorted(self._entries.items()):
            yield Value(self._cells, entry, self._owners.get(at), state)

    def ranges(self) -> list[tuple[int, int]]:
        """What the records and their data take, by place."""
        found = [(node.at, node.end) for node, _ in self._nodes.values()]
        for entry, _ in self._entries.values():
            found.append((entry.at, entry.end))
            found += [
                (cell + self._cells.head, end)
                for cell, end in records.data_cells(self._cells, entry)
            ]
        return sorted(found)

    def _key(self, at: int) -> Key | None:
        """The key at a place, below those that its record names, as far as they are there."""
        chain: list[int] = []
        above: Key | None = None
        while at in self._nodes and at not in self._made and len(chain) < _DEPTH_MAX:
            if at in chain:
                break
            chain.append(at)
            parent = self._nodes[at][0].parent
            place = self._tree.place_of(parent)
            if place is not None:
                above = self._tree.key(place)
                break
            at = parent + self._cells.head
        else:
            above = self._made.get(at)
        for at in reversed(chain):
            node, state = self._nodes[at]
            above = Key(self._cells, node, above, state, above is not None and above.rooted)
            self._made[at] = above
        return self._made.get(chain[0]) if chain else above

    def _find_owners(self) -> dict[int, Key]:
        """The keys of deleted values, by lists of deleted keys and leftovers of living ones."""
        owners: dict[int, Key] = {}
        head = self._cells.head
        for at in sorted(self._nodes):
            key = self._key(at)
            for cell in records.value_cells(self._cells, self._nodes[at][0]):
                if key is not None and cell + head in self._entries:
                    owners.setdefault(cell + head, key)
        for place, cell in leftovers(self._tree) if self._entries else ():
            if cell + head in self._entries:
                owners.setdefault(cell + head, self._tree.key(place))
        return owners


def _is_key(node: records.Node, end: int) -> bool:
    if not node.name or len(node.name) > _NAME_MAX or node.at + records.NODE_NAME_AT >= end:
        return False
    return node.whole and (node.written == 0 or node.written in _TIMES)


def _is_value(entry: records.Entry, end: int, limit: int) -> bool:
    known = entry.type < _TYPES or entry.type >= DEVICE_TYPES
    if not known or entry.flags > _VALUE_FLAGS or len(entry.name) > _VALUE_NAME_MAX:
        return False
    fits = entry.size <= 4 if entry.resident else entry.size < limit
    return fits and entry.whole and (entry.resident or entry.data & 7 == 0 or entry.size == 0)


def _container(layout: Layout, cell: int) -> tuple[int, int] | None:
    """The bytes of a freed cell: to the end of the free cell that it has become part of.

    What the tree uses by now is not the cell's content any more.
    """
    index = layout.holding(cell)
    if index is None or cell & 7 or cell < layout.used[index]:
        return None
    end = int(layout.ends[index])
    return (cell + 4, end) if cell + 4 < end else None


def places(cells: Cells, layout: Layout) -> Iterator[tuple[int, int, str]]:
    """Where records can begin beside the tree: the place, how far they may go, the state."""
    if isinstance(layout.free, bytearray):
        yield from _by_search(cells, layout)
        return
    from triage.parsers.regf.carve_arrays import places as by_arrays

    yield from by_arrays(cells, layout)


def _by_search(cells: Cells, layout: Layout) -> Iterator[tuple[int, int, str]]:
    for found in _SIGNATURES.finditer(cells.buffer):
        at = found.start()
        index = layout.holding(at) if at & 7 == cells.head & 7 else None
        if index is not None and at >= layout.used[index]:
            first = at == layout.starts[index] + cells.head
            state = state_of(bool(layout.free[index]), layout.used[index] > 0, first)
            yield at, layout.ends[index], state


def state_of(free: bool, used: bool, first: bool) -> str:
    """The state of a record by its cell, and whether it is the first thing in it."""
    if free:
        return DELETED
    return ORPHAN if first and not used else SLACK


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
