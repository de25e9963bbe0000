"""The fast pass in whole arrays: only what passes becomes an object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from triage.parsers.regf import looks_arrays, records
from triage.parsers.regf.cells import Cells
from triage.parsers.regf.looks import Looks
from triage.parsers.regf.odd import DEVICE_TYPES, NAME_MAX, SIZES, TEXTS, TYPE_MAX, is_odd_name
from triage.parsers.regf.sift import Where
from triage.parsers.regf.survey_arrays import Bools, Ints, Words, words_of

_BATCH = 1 << 20
_SIZE, _DATA, _TYPE, _FLAGS, _NAME = 1, 2, 3, 4, 5
_BLANKS, _HIGHEST = np.uint32(0x20202020), np.uint32(0x80808080)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Of each value: what its record declares, and where its data is (``starts`` in bytes)."""

    declared: Ints
    types: Ints
    starts: Ints
    there: Ints
    split: Bools


def by_arrays(
    cells: Cells, values: Ints, least: int, where: Where | None
) -> Iterator[tuple[int, Looks]]:
    """Places in ``values`` that are worth a look, and how they look."""
    words = words_of(cells)
    records_at = (values + cells.head) >> 2
    columns = _columns(cells, words, records_at)
    whole = {
        place: data
        for place in np.flatnonzero(columns.split).tolist()
        if (data := _split(cells, int(values[place]))) is not None
    }
    for place, data in whole.items():
        columns.there[place] = len(data)
    odd = _odd(cells, words, values, records_at, columns)
    picked = np.flatnonzero((columns.there >= least) | odd)
    for batch in _batches(picked, columns.there):
        yield from _looks(cells, columns, odd, batch, whole, where)


def _columns(cells: Cells, words: Words, record: Ints) -> _Columns:
    sizes = words[record + _SIZE].astype(np.int64)
    resident = sizes >= records.RESIDENT
    declared = sizes & (records.RESIDENT - 1)
    data = words[record + _DATA].astype(np.int64)
    inside = ~resident & (data & 7 == 0) & (data <= cells.limit - 8)
    place = np.where(inside, data, 0)
    lengths = np.abs(words[place >> 2].view(np.int32).astype(np.int64))
    starts = place + cells.head
    room = np.maximum(np.minimum(place + lengths, cells.limit) - starts, 0)
    split = inside & (declared > room) & (declared > records.SEGMENT)
    split &= words[np.where(split, starts, 0) >> 2] & 0xFFFF == int.from_bytes(b"db", "little")
    there = np.where(
        inside, np.minimum(declared, room), np.where(resident, np.minimum(declared, 4), 0)
    )
    starts = np.where(resident, (record + _DATA) << 2, starts)
    return _Columns(declared, words[record + _TYPE].astype(np.int64), starts, there, split)


def _split(cells: Cells, cell: int) -> bytes | None:
    entry = records.entry(cells, cell)
    return None if entry is None else records.data_of(cells, entry)


def _odd(cells: Cells, words: Words, values: Ints, record: Ints, columns: _Columns) -> Bools:
    kinds, declared = columns.types, columns.declared
    odd = (kinds > TYPE_MAX) & (kinds < DEVICE_TYPES) | (columns.there < declared)
    for kind, size in SIZES.items():
        odd |= (kinds == kind) & (declared != size)
    odd |= np.isin(kinds, TEXTS) & (declared & 1 == 1)
    for place in np.flatnonzero(_doubtful_names(words, record)).tolist():
        entry = records.entry(cells, int(values[place]))
        odd[place] |= entry is not None and is_odd_name(entry.name)
    result: Bools = odd
    return result


def _doubtful_names(words: Words, record: Ints) -> Bools:
    """Which names are long, wide, or not all visible ASCII; judged four characters at once."""
    sizes = (words[record] >> 16).astype(np.int64)
    narrow = words[record + _FLAGS] & 1 == 1
    doubtful: Bools = (sizes > 0) & (~narrow | (sizes > NAME_MAX))
    checked = np.flatnonzero((sizes > 0) & ~doubtful)
    counts = (sizes[checked] + 3) >> 2
    of = np.repeat(np.arange(len(checked)), counts)
    lasts = np.cumsum(counts)
    places = record[checked][of] + _NAME + np.arange(len(of)) - (lasts - counts)[of]
    chars = words[np.minimum(places, len(words) - 1)]
    unused = (8 * (-sizes[checked] & 3)).astype(np.uint32)
    # Blanks stand for the bytes behind a name.
    kept = np.uint32(0xFFFFFFFF) >> unused
    chars[lasts - 1] = chars[lasts - 1] & kept | ~kept & _BLANKS
    # A byte below 0x20 borrows, one above 0x7E carries: either sets its highest bit.
    high = (chars - _BLANKS) & ~chars | chars | (chars + np.uint32(0x01010101))
    if len(of):
        firsts = lasts - counts
        doubtful[checked] = np.logical_or.reduceat(high & _HIGHEST != 0, firsts)
        doubtful[checked] |= np.logical_and.reduceat(chars == _BLANKS, firsts)
    return doubtful


def _batches(picked: Ints, there: Ints) -> Iterator[Ints]:
    """Runs of places whose data together is about a batch."""
    if not len(picked):
        return
    number = np.cumsum(there[picked]) // _BATCH
    yield from np.split(picked, np.flatnonzero(np.diff(number)) + 1)


def _looks(
    cells: Cells, columns: _Columns, odd: Bools, batch: Ints, whole: dict[int, bytes],
    where: Where | None,
) -> Iterator[tuple[int, Looks]]:  # fmt: skip
    sizes = columns.there[batch]
    filled = np.flatnonzero(sizes)
    heads, counts = np.zeros(len(batch), np.uint64), np.zeros((5, len(batch)), np.int64)
    entropies = np.zeros(len(batch))
    if len(filled):
        places = batch[filled]
        starts = columns.starts[places]
        spans = zip(
            places.tolist(), starts.tolist(), (starts + sizes[filled]).tolist(), strict=True
        )
        buffer = cells.buffer
        parts = [whole.get(place) or buffer[start:end] for place, start, end in spans]
        heads[filled], counts[:, filled], entropies[filled] = looks_arrays.look(
            parts, sizes[filled]
        )
    zeros, letters, marks, highs, wide = counts
    looks = Looks(
        sizes, columns.declared[batch], columns.types[batch], odd[batch], heads, zeros, wide,
        letters, marks, highs, entropies,
    )  # fmt: skip
    kept = np.arange(len(batch)) if where is None else np.flatnonzero(where(looks))
    rows = zip(*(column[kept].tolist() for column in looks), strict=True)
    yield from zip(batch[kept].tolist(), map(Looks._make, rows), strict=True)
