"""The layout in whole arrays: all bins are stepped through side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.parsers.regf import records, survey_arrays
from triage.parsers.regf.cells import NONE, Cells
from triage.parsers.regf.layout import BIN, BIN_HEAD, PAGE, Layout, bins, chain
from triage.parsers.regf.survey import Survey
from triage.parsers.regf.survey_arrays import Bools, Ints, Words, words_of

# With fewer bins than this, a step in arrays costs more than steps one by one.
_SIDE_BY_SIDE = 24
_LENGTH_MAX = 0x7FFFFFFF
_NO_LENGTH = 1 << 32


def layout(cells: Cells, survey: Survey) -> Layout:
    """Every cell, and how much of it the tree uses."""
    words = words_of(cells)
    found, outside = _bins(cells, words)
    starts, ends, free = _chains(cells, words, found)
    marks = np.zeros((cells.limit >> 3) + 1, dtype=np.int32)
    use = _Uses(cells, words, marks)
    keys, values = np.asarray(survey.keys), np.asarray(survey.values)
    use.records(keys, values)
    use.keys(keys)
    use.values(values)
    lengths = marks.take(starts >> 3)
    used = np.where(lengths > 0, np.minimum(starts + lengths, ends), 0)
    return Layout(starts, ends, free, used, outside)


def _bins(cells: Cells, words: Words) -> tuple[Ints, list[tuple[int, int]]]:
    """The bins, by ``layout.bins`` only where they do not simply follow one another."""
    starts = np.flatnonzero(words[:: PAGE >> 2] == int.from_bytes(BIN, "little")) * PAGE
    sizes = words.take(np.minimum((starts >> 2) + 2, len(words) - 1)).astype(np.int64)
    ends = starts + sizes
    if len(starts) and starts[0] == 0 and (starts[1:] == ends[:-1]).all():
        whole = (sizes >= PAGE).all() and (sizes % PAGE == 0).all()
        if whole and ends[-1] <= cells.limit:
            rest = (int(ends[-1]), cells.limit)
            return np.stack([starts, ends], axis=1), [rest] if rest[0] < rest[1] else []
    found, outside = bins(cells)
    return np.array(found, dtype=np.int64).reshape(-1, 2), outside


def _chains(cells: Cells, words: Words, found: Ints) -> tuple[Ints, Ints, Bools]:
    """Where cells begin and end, and whether they are free."""
    narrow: type[np.int32 | np.int64] = np.int32 if cells.limit < 1 << 31 else np.int64
    at: Any = (found[:, 0] + BIN_HEAD).astype(narrow)
    ends: Any = found[:, 1].astype(narrow)
    lengths = np.zeros((cells.limit >> 3) + 1, dtype=np.int32)
    while len(at) >= _SIDE_BY_SIDE:
        size: Any = words.take(at >> 2).view(np.int32)
        length: Any = np.abs(size)
        bad = (length < 8) | (length & 7 != 0) | (length > ends - at)
        if bad.any():
            for place in at[bad].tolist():
                cells.note(place, "a cell has a size that cannot be")
            length = np.where(bad, ends - at, length)
            size = np.where(size >= 0, length, -length)
        lengths[at >> 3] = size
        at = at + length
        more = at <= ends - 8
        if not more.all():
            at, ends = at[more], ends[more]

    def add(place: int, size: int) -> None:
        lengths[place >> 3] = size

    for place, end in zip(at.tolist(), ends.tolist(), strict=True):
        chain(cells, place, end, add)
    slots = np.flatnonzero(lengths)
    sizes = lengths.take(slots).astype(np.int64)
    starts = slots << 3
    return starts, starts + np.abs(sizes), sizes > 0


@dataclass(frozen=True, slots=True)
class _Uses:
    """Marks for each 8 bytes of the bins how much of a cell that begins there is used."""

    cells: Cells
    words: Words
    marks: NDArray[np.int32]

    def mark_once(self, found: Ints, ends: Ints) -> None:
        """For cells that are there and come once, before any other of their places are marked."""
        self.marks[found >> 3] = np.minimum(ends - found, _LENGTH_MAX)

    def mark(self, found: Ints, ends: Ints) -> None:
        inside = (found & 7 == 0) & (found < self.cells.limit)
        if not inside.all():
            found, ends = found[inside], ends[inside]
        lengths = np.minimum(ends - found, _LENGTH_MAX).astype(np.int32)
        np.maximum.at(self.marks, found >> 3, lengths)

    def field(self, record: Ints, number: int) -> Ints:
        return self.words.take(record + number).astype(np.int64)

    def records(self, keys: Ints, values: Ints) -> None:
        """The cells of keys and values themselves."""
        head = self.cells.head
        names = self.field((keys + head) >> 2, survey_arrays.NAME_SIZES) & 0xFFFF
        self.mark_once(keys, keys + head + records.NODE_NAME_AT + names)
        names = self.field((values + head) >> 2, 0) >> 16
        self.mark_once(values, values + head + records.NAME_AT + names)

    def keys(self, keys: Ints) -> None:
        """The cells that keys need beside their own."""
        record, head = (keys + self.cells.head) >> 2, self.cells.head
        sizes = self.field(record, survey_arrays.NAME_SIZES)
        counts = self.field(record, survey_arrays.VALUES)
        has = counts > 0
        lists = self.field(record[has], survey_arrays.VALUE_LIST)
        self.mark(lists, lists + head + 4 * counts[has])
        has = sizes >> 16 > 0
        classes = self.field(record[has], survey_arrays.CLASS)
        self.mark(classes, classes + head + (sizes[has] >> 16))
        self.descriptors(np.unique(self.field(record, survey_arrays.SECURITY)))
        heads = self.field(record, survey_arrays.SUBKEY_LIST)
        heads = heads[(self.field(record, survey_arrays.SUBKEYS) != 0) & (heads != NONE)]
        self.lists(heads)

    def descriptors(self, found: Ints) -> None:
        head = self.cells.head + records.SECURITY_AT
        found = found[(found & 7 == 0) & (found <= self.cells.limit - head)]
        right = self.words[(found + self.cells.head) >> 2] & 0xFFFF == records.SECURITY
        found = found[right]
        self.mark(found, found + head + self.field((found + self.cells.head) >> 2, 4))

    def lists(self, heads: Ints) -> None:
        field = survey_arrays.Field(self.cells, self.words, np.zeros(0, dtype=np.int32))
        kinds, starts, counts = survey_arrays.list_heads(field, heads)
        index = kinds == survey_arrays.RI
        ones = np.ones(int(index.sum()), dtype=np.int64)
        leaves, _ = survey_arrays.expand(self.words, starts[index], counts[index], ones)
        below, _, below_counts = survey_arrays.list_heads(field, leaves)
        for some, kind, count in ((heads, kinds, counts), (leaves, below, below_counts)):
            steps = np.where((kind == survey_arrays.LF) | (kind == survey_arrays.LH), 8, 4)
            known = kind != 0
            self.mark(some[known], (some + self.cells.head + 4 + steps * count)[known])

    def values(self, values: Ints) -> None:
        """The cells of values' data."""
        record, head = (values + self.cells.head) >> 2, self.cells.head
        sizes, data = self.field(record, 1), self.field(record, 2)
        own = (sizes > 0) & (sizes < records.RESIDENT)
        own &= (data & 7 == 0) & (data <= self.cells.limit - 8)
        lengths = self.field(np.where(own, data >> 2, 0), 0)
        # A cell that says it has no bytes holds none of a value.
        own &= (lengths > head) & (lengths < _NO_LENGTH - head)
        plain = own & (sizes <= records.SEGMENT)
        self.mark(data[plain], data[plain] + head + sizes[plain])
        for place in np.flatnonzero(own & ~plain).tolist():
            entry = records.entry(self.cells, int(values[place]))
            parts = [] if entry is None else records.data_cells(self.cells, entry)
            if parts:
                cells_of, ends = np.array(parts, dtype=np.int64).T
                self.mark(cells_of, ends)
