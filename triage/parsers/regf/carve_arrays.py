"""Deleted records in whole arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from triage.parsers.regf import records, survey_arrays
from triage.parsers.regf.carve import (
    LEFTOVERS_MAX,
    NAME_MAX,
    TIMES,
    TYPES,
    VALUE_FLAGS,
    VALUE_NAME_MAX,
    Places,
)
from triage.parsers.regf.cells import Cells
from triage.parsers.regf.layout import Layout
from triage.parsers.regf.odd import DEVICE_TYPES
from triage.parsers.regf.sift_arrays import Found
from triage.parsers.regf.survey_arrays import Bools, Field, Ints, Words, words_of
from triage.parsers.regf.tree import Tree

_NK, _VK = (int.from_bytes(sig, "little") for sig in (b"nk", b"vk"))
Entries = Callable[[int], records.Entry | None]


def places(cells: Cells, layout: Layout) -> tuple[Places, Places]:
    """Keys and values beside the tree."""
    words = words_of(cells)
    at, index = _beside(cells, layout)
    heads = words.take(at >> 2) & 0xFFFF
    keys, values = (
        _places(cells, layout, at[heads == sig], index[heads == sig]) for sig in (_NK, _VK)
    )
    right = _can_be_value(cells, words, values)
    return _chosen(keys, _can_be_key(words, keys)), _chosen(values, right)


def _beside(cells: Cells, layout: Layout) -> tuple[Ints, Ints]:
    """Every place where a record can begin that the tree does not use, and its cell."""
    first = np.maximum(layout.starts + cells.head, layout.used)
    first += (cells.head - first) & 7
    room = layout.ends - first
    index = np.flatnonzero(room >= records.NAME_AT)
    counts = (room[index] + 7) >> 3
    ends = np.cumsum(counts)
    step = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts, counts)
    return np.repeat(first[index], counts) + 8 * step, np.repeat(index, counts)


def _places(cells: Cells, layout: Layout, at: Ints, index: Ints) -> Places:
    first = (at == layout.starts[index] + cells.head) & (layout.used[index] == 0)
    return Places(at, layout.ends[index], np.where(layout.free[index], 0, np.where(first, 1, 2)))


def _chosen(some: Places, right: Bools) -> Places:
    return Places(some.at[right], some.ends[right], some.states[right])


def _can_be_key(words: Words, keys: Places) -> Bools:
    room = keys.at + records.NODE_NAME_AT <= keys.ends
    record = np.where(room, keys.at, 0) >> 2
    written = words[record + 1].astype(np.int64) | words[record + 2].astype(np.int64) << 32
    size = (words[np.where(room, record + survey_arrays.NAME_SIZES, 0)] & 0xFFFF).astype(np.int64)
    fits = (size > 0) & (size <= NAME_MAX) & (keys.at + records.NODE_NAME_AT + size <= keys.ends)
    timely = (written == 0) | (written >= TIMES.start) & (written < TIMES.stop)
    right: Bools = room & fits & timely
    return right


def _can_be_value(cells: Cells, words: Words, values: Places) -> Bools:
    room = values.at + records.NAME_AT <= values.ends
    record = np.where(room, values.at, 0) >> 2
    name, size, data, kind, flags = (words[record + n].astype(np.int64) for n in range(5))
    name >>= 16
    right = (name <= VALUE_NAME_MAX) & (values.at + records.NAME_AT + name <= values.ends)
    right &= (flags & 0xFFFF <= VALUE_FLAGS) & ((kind < TYPES) | (kind >= DEVICE_TYPES))
    small = (size >= records.RESIDENT) & (size <= records.RESIDENT + 4)
    large = (size < cells.limit) & ((data & 7 == 0) | (size == 0)) & (size < records.RESIDENT)
    chosen: Bools = room & right & (small | large)
    return chosen


def of_places(cells: Cells, layout: Layout, values: Places, entry: Entries) -> Found:
    """Values beside the tree, for the pass that sifts."""

    def rooms(found: Ints) -> tuple[Ints, Ints]:
        return _rooms(layout, found)

    return Found(cells, values.at, entry, rooms)


def _rooms(layout: Layout, found: Ints) -> tuple[Ints, Ints]:
    """As ``carve.container``."""
    index = np.searchsorted(layout.starts, found, side="right") - 1
    inside = (index >= 0) & (found & 7 == 0)
    ends = layout.ends[index]
    inside &= (found < ends) & (found >= layout.used[index])
    return np.where(inside, found + 4, 0), np.where(inside, np.maximum(ends - found - 4, 0), 0)


def ranges(
    cells: Cells, layout: Layout, keys: Places, values: Places, entry: Entries
) -> list[tuple[int, int]]:
    """What the records and their data take, by place."""
    words = words_of(cells)
    key, value = keys.at >> 2, values.at >> 2
    names = (words[key + survey_arrays.NAME_SIZES] & 0xFFFF).astype(np.int64)
    size, data = words[value + 1].astype(np.int64), words[value + 2].astype(np.int64)
    starts, room = _rooms(layout, data)
    own = (size > 0) & (size < records.RESIDENT) & (room > 0)
    whole = own & ~((size > room) & (size > records.SEGMENT))
    begin = np.concatenate([keys.at, values.at, starts[whole]])
    end = np.concatenate([
        keys.at + records.NODE_NAME_AT + names,
        values.at + records.NAME_AT + (words[value] >> 16).astype(np.int64),
        starts[whole] + size[whole],
    ])  # fmt: skip
    found = list(zip(begin.tolist(), end.tolist(), strict=True))
    for index in np.flatnonzero(own & ~whole).tolist():
        one = entry(index)
        parts = [] if one is None else records.data_cells(cells, one)
        found += [(cell + cells.head, last) for cell, last in parts]
    return sorted(found)


def leftovers(tree: Tree) -> Iterator[tuple[int, int]]:
    """Words behind the end of living keys' lists of values, with the place of the key."""
    cells, words = tree.cells, words_of(tree.cells)
    record = (np.asarray(tree.survey.keys) + cells.head) >> 2
    counts = words[record + survey_arrays.VALUES].astype(np.int64)
    places_of = np.flatnonzero(counts)
    counts = counts[places_of]
    heads = words[record[places_of] + survey_arrays.VALUE_LIST].astype(np.int64)
    first = np.sort(np.unique(heads, return_index=True)[1])
    heads, counts, places_of = heads[first], counts[first], places_of[first]
    starts, ends, there = Field(cells, words, np.zeros(0, np.int32)).spans(heads)
    more = np.minimum(np.where(there, ((ends - starts) >> 2) - counts, 0), LEFTOVERS_MAX)
    chosen = np.flatnonzero(more > 0)
    ones = np.ones(len(chosen), dtype=np.int64)
    found, of = survey_arrays.expand(
        words, (starts[chosen] >> 2) + counts[chosen], more[chosen], ones
    )
    yield from zip(places_of[chosen][of].tolist(), found.tolist(), strict=True)
