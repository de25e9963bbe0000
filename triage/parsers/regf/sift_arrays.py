"""The fast pass in whole arrays: only what passes becomes an object."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from triage.parsers.regf import looks_arrays, records, survey_arrays
from triage.parsers.regf.cells import Cells
from triage.parsers.regf.looks import Looks
from triage.parsers.regf.odd import DEVICE_TYPES, NAME_MAX, SIZES, TEXTS, TYPE_MAX, is_odd_name
from triage.parsers.regf.sift import SYMLINK, Where
from triage.parsers.regf.survey_arrays import Bools, Ints, Words, words_of
from triage.records import dataclass

_BATCH = 1 << 20
_SIZE, _DATA, _TYPE, _FLAGS, _NAME = 1, 2, 3, 4, 5
_BLANKS, _HIGHEST = np.uint32(0x20202020), np.uint32(0x80808080)
_CARRY, _ALL = np.uint32(0x01010101), np.uint32(0xFFFFFFFF)

# Where the contents of cells begin, and how many bytes they have (0: there is no such cell).
Rooms = Callable[[Ints], tuple[Ints, Ints]]


@dataclass(frozen=True, slots=True)
class Found:
    """Values by the places of their records in the bins; how to read one, and the cells of data."""

    cells: Cells
    at: Ints
    entry: Callable[[int], records.Entry | None]
    rooms: Rooms


@dataclass(frozen=True, slots=True)
class Contents:
    """Of each value: what its record declares, and where its data is (``starts`` in bytes)."""

    declared: Ints
    types: Ints
    starts: Ints
    there: Ints
    whole: dict[int, bytes]


def of_tree(cells: Cells, values: Ints) -> Found:
    """The values of a survey."""
    words = words_of(cells)

    def rooms(found: Ints) -> tuple[Ints, Ints]:
        inside = (found & 7 == 0) & (found <= cells.limit - 8)
        place = np.where(inside, found, 0)
        lengths = np.abs(words.take(place >> 2).view(np.int32).astype(np.int64))
        starts = place + cells.head
        room = np.minimum(place + lengths, cells.limit) - starts
        return starts, np.where(inside, np.maximum(room, 0), 0)

    def entry(place: int) -> records.Entry | None:
        return records.entry(cells, int(values[place]))

    return Found(cells, values + cells.head, entry, rooms)


def by_arrays(found: Found, least: int, where: Where | None) -> Iterator[tuple[int, Looks]]:
    """Places in ``found`` that are worth a look, and how they look."""
    if not len(found.at):
        return
    words = words_of(found.cells)
    record = found.at >> 2
    columns = contents(found)
    odd = _odd(found, words, record, columns)
    picked = np.flatnonzero((columns.there >= least) | odd)
    for batch in _batches(picked, columns.there):
        looks = _looks(found.cells, columns, odd, batch)
        kept = np.arange(len(batch)) if where is None else np.flatnonzero(where(looks))
        rows = zip(*(column[kept].tolist() for column in looks), strict=True)
        yield from zip(batch[kept].tolist(), map(Looks._make, rows), strict=True)


def contents(found: Found) -> Contents:
    """What the records of values declare, and where their data is."""
    words, record = words_of(found.cells), found.at >> 2
    sizes = words.take(record + _SIZE).astype(np.int64)
    resident = sizes >= records.RESIDENT
    declared = sizes & (records.RESIDENT - 1)
    starts, room = found.rooms(words.take(record + _DATA).astype(np.int64))
    there = np.minimum(declared, np.where(resident, 4, room))
    split = ~resident & (declared > room) & (declared > records.SEGMENT) & (room >= 8)
    split &= words.take(np.where(split, starts, 0) >> 2) & 0xFFFF == records.BIG
    whole = {}
    for place in np.flatnonzero(split).tolist():
        entry = found.entry(place)
        whole[place] = b"" if entry is None else records.data_of(found.cells, entry)
        there[place] = len(whole[place])
    starts = np.where(resident, (record + _DATA) << 2, starts)
    return Contents(declared, words.take(record + _TYPE).astype(np.int64), starts, there, whole)


def _odd(found: Found, words: Words, record: Ints, columns: Contents) -> Bools:
    kinds, declared = columns.types, columns.declared
    odd: Bools = (kinds > TYPE_MAX) & (kinds < DEVICE_TYPES) | (columns.there < declared)
    for kind, size in SIZES.items():
        odd |= (kinds == kind) & (declared != size)
    for kind in TEXTS:
        odd |= (kinds == kind) & (declared & 1 == 1)
    for place in np.flatnonzero(_doubtful_names(words, record)).tolist():
        entry = found.entry(place)
        odd[place] |= entry is not None and is_odd_name(entry.name)
    return odd


def _doubtful_names(words: Words, record: Ints) -> Bools:
    """Which names of values are long, wide, or not all visible ASCII."""
    sizes = (words.take(record) >> 16).astype(np.int64)
    return are_doubtful(words, record + _NAME, sizes, words.take(record + _FLAGS) & 1 == 1)


def are_doubtful(words: Words, names: Ints, sizes: Ints, narrow: Bools) -> Bools:
    """Which names may be odd; four characters are judged at once."""
    doubtful: Bools = (sizes > 0) & (~narrow | (sizes > NAME_MAX))
    checked = np.flatnonzero((sizes > 0) & ~doubtful)
    # Longest first: what still has a word at each step is the start of the array.
    checked = checked[np.argsort(-sizes[checked], kind="stable")]
    lengths, at = sizes[checked], names[checked]
    bad, blank = np.zeros(len(checked), np.bool_), np.ones(len(checked), np.bool_)
    order = -lengths
    for step in range(int(lengths[0] + 3) >> 2 if len(lengths) else 0):
        more = int(np.searchsorted(order, -4 * step))
        whole = int(np.searchsorted(order, -4 * step - 4, side="right"))
        chars = words.take(np.minimum(at[:more] + step, len(words) - 1))
        # Blanks stand for the bytes behind a name.
        unused = 8 * (4 * step + 4 - lengths[whole:more])
        kept = _ALL >> unused.astype(np.uint32)
        chars[whole:] = chars[whole:] & kept | ~kept & _BLANKS
        # A byte below 0x20 borrows, one above 0x7E carries: either sets its highest bit.
        high = (chars - _BLANKS) & ~chars | chars | (chars + _CARRY)
        bad[:more] |= high & _HIGHEST != 0
        blank[:more] &= chars == _BLANKS
    doubtful[checked] = bad | blank
    return doubtful


def _batches(picked: Ints, there: Ints) -> Iterator[Ints]:
    """Runs of places whose data together is about a batch."""
    if not len(picked):
        return
    number = np.cumsum(there[picked]) // _BATCH
    yield from np.split(picked, np.flatnonzero(np.diff(number)) + 1)


def _looks(cells: Cells, columns: Contents, odd: Bools, batch: Ints) -> Looks:
    sizes = columns.there[batch]
    heads, counts = np.zeros(len(batch), np.uint64), np.zeros((5, len(batch)), np.int64)
    entropies = np.zeros(len(batch))
    filled = np.flatnonzero(sizes)
    if len(filled):
        parts = _parts(cells, columns, batch[filled])
        seen = looks_arrays.look(parts, sizes[filled])
        heads[filled], counts[:, filled], entropies[filled] = seen
    zeros, letters, marks, highs, wide = counts
    return Looks(
        sizes, columns.declared[batch], columns.types[batch], odd[batch], heads, zeros, wide,
        letters, marks, highs, entropies,
    )  # fmt: skip


def _parts(cells: Cells, columns: Contents, places: Ints) -> list[looks_arrays.Part]:
    """The data of values, each filled up to whole words (cells are, too)."""
    starts = columns.starts[places]
    ends = starts + ((columns.there[places] + 3) & ~3)
    buffer = cells.buffer
    parts: list[looks_arrays.Part] = [
        buffer[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    for place, data in columns.whole.items():
        index = int(np.searchsorted(places, place))
        if index < len(places) and places[index] == place:
            parts[index] = data + bytes(-len(data) & 3)
    return parts


def keys_by_arrays(cells: Cells, keys: Ints) -> Iterator[int]:
    """As ``sift.sift_keys``."""
    words = words_of(cells)
    record = (keys + cells.head) >> 2
    flags = words.take(record) >> 16
    sizes = words.take(record + survey_arrays.NAME_SIZES)
    narrow = flags & records.COMPRESSED_KEY != 0
    names = record + (records.NODE_NAME_AT >> 2)
    odd = are_doubtful(words, names, (sizes & 0xFFFF).astype(np.int64), narrow)
    for place in np.flatnonzero(odd).tolist():
        node = records.node(cells, int(keys[place]))
        odd[place] = node is not None and is_odd_name(node.name)
    yield from np.flatnonzero(odd | (flags & SYMLINK != 0) | (sizes >> 16 != 0)).tolist()


def descriptors_by_arrays(cells: Cells, keys: Ints) -> Iterator[tuple[int, int]]:
    """As ``sift.shared_descriptors``."""
    found = words_of(cells).take(((keys + cells.head) >> 2) + survey_arrays.SECURITY)
    _, firsts, counts = np.unique(found, return_index=True, return_counts=True)
    order = np.argsort(firsts)
    yield from zip(firsts[order].tolist(), counts[order].tolist(), strict=True)
