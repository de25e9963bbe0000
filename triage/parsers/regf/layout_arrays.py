"""The layout in whole arrays: all bins are stepped through side by side."""

from __future__ import annotations

from array import array

import numpy as np

from triage.parsers.regf import records, survey_arrays
from triage.parsers.regf.cells import NONE, Cells
from triage.parsers.regf.layout import BIN_HEAD, Layout, bins, chain, mark
from triage.parsers.regf.survey import Survey
from triage.parsers.regf.survey_arrays import Bools, Ints, Words, words_of

# With fewer bins than this, a step in arrays costs more than steps one by one.
_SIDE_BY_SIDE = 24


def layout(cells: Cells, survey: Survey) -> Layout:
    """Every cell, and how much of it the tree uses."""
    words = words_of(cells)
    found, outside = bins(cells)
    starts, sizes = _chains(cells, words, np.array(found, dtype=np.int64).reshape(-1, 2))
    ends = starts + np.abs(sizes)
    result = Layout(starts, ends, sizes > 0, np.zeros(len(starts), dtype=np.int64), outside)
    keys, values = np.asarray(survey.keys), np.asarray(survey.values)
    _use_keys(cells, words, result, keys)
    _use_values(cells, words, result, values)
    return result


def _chains(cells: Cells, words: Words, found: Ints) -> tuple[Ints, Ints]:
    at, ends = found[:, 0] + BIN_HEAD, found[:, 1]
    starts: list[Ints] = []
    sizes: list[Ints] = []
    while len(at) >= _SIDE_BY_SIDE:
        size = words[at >> 2].view(np.int32).astype(np.int64)
        length = np.abs(size)
        bad = (length < 8) | (length & 7 != 0) | (at + length > ends)
        if bad.any():
            for place in at[bad].tolist():
                cells.note(place, "a cell has a size that cannot be")
            length = np.where(bad, ends - at, length)
            size = np.where(size >= 0, length, -length)
        starts.append(at)
        sizes.append(size)
        at = at + length
        more = at + 8 <= ends
        at, ends = at[more], ends[more]
    rest_starts, rest_sizes = array("q"), array("q")

    def add(place: int, size: int) -> None:
        rest_starts.append(place)
        rest_sizes.append(size)

    for place, end in zip(at.tolist(), ends.tolist(), strict=True):
        chain(cells, place, end, add)
    all_starts = np.concatenate([*starts, np.array(rest_starts, dtype=np.int64)])
    order = np.argsort(all_starts, kind="stable")
    return all_starts[order], np.concatenate([*sizes, np.array(rest_sizes, dtype=np.int64)])[order]


def _use(result: Layout, found: Ints, ends: Ints) -> None:
    """Remember that the tree uses cells up to ``ends``; what is no cell is passed over."""
    if not len(result.starts):
        return
    index = np.searchsorted(result.starts, found)
    index[index == len(result.starts)] = 0
    right = result.starts[index] == found
    index, ends = index[right], ends[right]
    np.maximum.at(result.used, index, np.minimum(ends, result.ends[index]))


def _use_keys(cells: Cells, words: Words, result: Layout, keys: Ints) -> None:
    record, head = (keys + cells.head) >> 2, cells.head
    if not len(keys) or keys[0] & 7 or keys[0] > cells.limit - 8 - records.NODE_NAME_AT:
        return
    sizes = words[record + survey_arrays.NAME_SIZES].astype(np.int64)
    _use(result, keys, keys + head + records.NODE_NAME_AT + (sizes & 0xFFFF))
    counts = words[record + survey_arrays.VALUES].astype(np.int64)
    lists = words[record + survey_arrays.VALUE_LIST].astype(np.int64)
    has = counts > 0
    _use(result, lists[has], lists[has] + head + 4 * counts[has])
    classes = words[record + survey_arrays.CLASS].astype(np.int64)
    has = (sizes >> 16 > 0) & (classes != NONE)
    _use(result, classes[has], classes[has] + head + (sizes[has] >> 16))
    descriptors = np.unique(words[record + survey_arrays.SECURITY].astype(np.int64))
    descriptors = descriptors[_inside(cells, descriptors, head + records.SECURITY_AT)]
    lengths = words[(descriptors + head >> 2) + 4].astype(np.int64)
    _use(result, descriptors, descriptors + head + records.SECURITY_AT + lengths)
    heads = words[record + survey_arrays.SUBKEY_LIST].astype(np.int64)
    heads = heads[(words[record + survey_arrays.SUBKEYS] != 0) & (heads != NONE)]
    _use_lists(cells, words, result, heads)


def _use_lists(cells: Cells, words: Words, result: Layout, heads: Ints) -> None:
    field = survey_arrays.field(cells, words)
    kinds, starts, counts = survey_arrays.list_heads(field, heads)
    index = kinds == survey_arrays.RI
    leaves, _ = survey_arrays.expand(
        words, starts[index], counts[index], np.ones(int(index.sum()), dtype=np.int64)
    )
    below, _, below_counts = survey_arrays.list_heads(field, leaves)
    for some, kind, count in ((heads, kinds, counts), (leaves, below, below_counts)):
        steps = np.where((kind == survey_arrays.LF) | (kind == survey_arrays.LH), 8, 4)
        known = kind != 0
        _use(result, some[known], (some + cells.head + 4 + steps * count)[known])


def _inside(cells: Cells, found: Ints, least: int) -> Bools:
    inside: Bools = (found & 7 == 0) & (found <= cells.limit - least)
    return inside


def _use_values(cells: Cells, words: Words, result: Layout, values: Ints) -> None:
    record, head = (values + cells.head) >> 2, cells.head
    names = (words[record] >> 16).astype(np.int64)
    _use(result, values, values + head + records.NAME_AT + names)
    sizes, data = words[record + 1].astype(np.int64), words[record + 2].astype(np.int64)
    own = (sizes > 0) & (sizes < records.RESIDENT)
    plain = own & (sizes <= records.SEGMENT)
    _use(result, data[plain], data[plain] + head + sizes[plain])
    for place in np.flatnonzero(own & ~plain).tolist():
        entry = records.entry(cells, int(values[place]))
        for cell, end in () if entry is None else records.data_cells(cells, entry):
            mark(result, cell, end)
