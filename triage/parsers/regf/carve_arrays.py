"""Places of deleted records in whole arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from triage.parsers.regf import survey_arrays
from triage.parsers.regf.carve import LEFTOVERS_MAX
from triage.parsers.regf.cells import Cells
from triage.parsers.regf.items import DELETED, ORPHAN, SLACK
from triage.parsers.regf.layout import Layout
from triage.parsers.regf.survey_arrays import Field, words_of
from triage.parsers.regf.tree import Tree

_NK, _VK = (int.from_bytes(sig, "little") for sig in (b"nk", b"vk"))


def places(cells: Cells, layout: Layout) -> Iterator[tuple[int, int, str]]:
    """Where records can begin beside the tree: the place, how far they may go, the state."""
    halves = np.frombuffer(cells.buffer, dtype="<u2", count=cells.limit // 2)
    heads = halves[(cells.head & 7) >> 1 :: 4]
    at = np.flatnonzero((heads == _NK) | (heads == _VK)) * 8 + (cells.head & 7)
    index = np.searchsorted(layout.starts, at, side="right") - 1
    beside = (index >= 0) & (at < layout.ends[index]) & (at >= layout.used[index])
    at, index = at[beside], index[beside]
    first = (at == layout.starts[index] + cells.head) & (layout.used[index] == 0)
    states = np.where(layout.free[index], 0, np.where(first, 1, 2))
    names = (DELETED, ORPHAN, SLACK)
    rows = zip(at.tolist(), layout.ends[index].tolist(), states.tolist(), strict=True)
    for place, end, state in rows:
        yield place, end, names[state]


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
    more = np.minimum(np.where(there, (ends - starts >> 2) - counts, 0), LEFTOVERS_MAX)
    chosen = np.flatnonzero(more > 0)
    ones = np.ones(len(chosen), dtype=np.int64)
    found, of = survey_arrays.expand(
        words, (starts[chosen] >> 2) + counts[chosen], more[chosen], ones
    )
    yield from zip(places_of[chosen][of].tolist(), found.tolist(), strict=True)
