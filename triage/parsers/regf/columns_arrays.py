"""Whole arrays over the keys and values of a hive, for a judge that chooses before it looks.

A hive has some ten thousand keys; what is notable about them are some hundred. Here are the facts
that tell which: sizes, types, times, lengths of names, and the bytes of all values one behind the
other, so that a rule is a handful of numpy operations and only what it chooses becomes an object.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from triage.parsers.regf import records, survey_arrays
from triage.parsers.regf.cells import Cells
from triage.parsers.regf.sift_arrays import Contents, are_doubtful, contents, of_tree
from triage.parsers.regf.survey import Survey
from triage.parsers.regf.survey_arrays import Bools, Ints, words_of
from triage.records import dataclass

_BATCH = 1 << 20
_WRITTEN = 1
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Batch:
    """The data of some values, one behind the other, with 1 to 4 NULs behind each.

    ``places`` are those of the values in the survey, ``starts`` where the data of each begins in
    ``data`` (at a multiple of 4), ``sizes`` how many bytes it has.
    """

    places: Ints
    data: Bytes
    starts: Ints
    sizes: Ints

    @property
    def rooms(self) -> Ints:
        """The bytes that each takes with the NULs behind it."""
        return _rooms(self.sizes)


class Columns:
    """Keys and values of one survey as arrays; what is asked for is made once."""

    def __init__(self, cells: Cells, survey: Survey) -> None:
        assert not isinstance(survey.keys, list)
        assert not isinstance(survey.parents, list)
        assert not isinstance(survey.values, list)
        assert not isinstance(survey.owners, list)
        self._cells = cells
        self._words = words_of(cells)
        self._keys, self._values = survey.keys, survey.values
        self.parents: Ints = survey.parents
        self.owners: Ints = survey.owners

    # --- keys ------------------------------------------------------------------------------

    def _of_keys(self, field: int) -> Ints:
        at = ((self._keys + self._cells.head) >> 2) + field
        return self._words.take(at).astype(np.int64)

    @cached_property
    def written(self) -> NDArray[np.uint64]:
        """The last write of each key: a FILETIME."""
        low = self._of_keys(_WRITTEN).astype(np.uint64)
        return low | self._of_keys(_WRITTEN + 1).astype(np.uint64) << np.uint64(32)

    @cached_property
    def security(self) -> Ints:
        """The cell of each key's security descriptor."""
        return self._of_keys(survey_arrays.SECURITY)

    @cached_property
    def class_sizes(self) -> Ints:
        """Bytes of each key's class name."""
        return self._of_keys(survey_arrays.NAME_SIZES) >> 16

    def key_names(self) -> Iterator[str]:
        """The name of every key, in the order of the survey."""
        sizes = self._of_keys(survey_arrays.NAME_SIZES) & 0xFFFF
        narrow = (self._of_keys(0) >> 16) & records.COMPRESSED_KEY != 0
        starts = self._keys + self._cells.head + records.NODE_NAME_AT
        buffer = self._cells.buffer
        for start, size, plain, cell in zip(
            starts.tolist(), sizes.tolist(), narrow.tolist(), self._keys.tolist(), strict=True
        ):
            if plain and start + size <= self._cells.limit:
                yield str(buffer[start : start + size], "latin-1")
            else:
                node = records.node(self._cells, cell)
                yield "" if node is None else node.name

    def odd_keys(self, least: int) -> list[tuple[int, str]]:
        """Keys whose name has ``least`` bytes and more, or not only visible ASCII."""
        sizes = self._of_keys(survey_arrays.NAME_SIZES) & 0xFFFF
        narrow = (self._of_keys(0) >> 16) & records.COMPRESSED_KEY != 0
        names = ((self._keys + self._cells.head) >> 2) + (records.NODE_NAME_AT >> 2)
        found = are_doubtful(self._words, names, sizes, narrow) | (sizes >= least)
        nodes = [
            (place, records.node(self._cells, int(self._keys[place])))
            for place in np.flatnonzero(found).tolist()
        ]
        return [(place, node.name) for place, node in nodes if node is not None]

    # --- values ----------------------------------------------------------------------------

    @cached_property
    def _contents(self) -> Contents:
        return contents(of_tree(self._cells, self._values))

    @property
    def sizes(self) -> Ints:
        """Bytes of each value that are there."""
        return self._contents.there

    @property
    def types(self) -> Ints:
        return self._contents.types

    @property
    def declared(self) -> Ints:
        """Bytes of each value that its record states."""
        return self._contents.declared

    @cached_property
    def counts(self) -> Ints:
        """How many values each key has."""
        return np.bincount(self.owners, minlength=len(self._keys))

    def odd_values(self, least: int) -> list[tuple[int, str]]:
        """Values whose name has ``least`` bytes and more, or not only visible ASCII."""
        record = (self._values + self._cells.head) >> 2
        sizes = (self._words.take(record) >> 16).astype(np.int64)
        narrow = self._words.take(record + 4) & 1 == 1
        found = are_doubtful(self._words, record + 5, sizes, narrow) | (sizes >= least)
        entries = [
            (place, records.entry(self._cells, int(self._values[place])))
            for place in np.flatnonzero(found).tolist()
        ]
        return [(place, entry.name) for place, entry in entries if entry is not None]

    def batches(self, least: int) -> Iterator[Batch]:
        """The data of all values with at least ``least`` bytes, about a megabyte at a time."""
        picked = np.flatnonzero(self.sizes >= least)
        if not len(picked):
            return
        number = np.cumsum(self.sizes[picked]) // _BATCH
        for places in np.split(picked, np.flatnonzero(np.diff(number)) + 1):
            yield self._batch(places)

    def _batch(self, places: Ints) -> Batch:
        sizes = self.sizes[places]
        rooms = _rooms(sizes)
        starts = np.cumsum(rooms) - rooms
        joined = np.frombuffer(bytearray().join(self._parts(places, rooms)), dtype=np.uint8)
        words = joined.view("<u4")
        kept = np.array([0, 0xFF, 0xFFFF, 0xFFFFFF], np.uint32)[sizes & 3]
        words[((starts + rooms) >> 2) - 1] &= kept
        return Batch(places, joined, starts, sizes)

    def _parts(self, places: Ints, rooms: Ints) -> Iterator[bytes | memoryview]:
        """Of each value as many bytes as it has room, whatever those behind its data are."""
        buffer, whole = self._cells.buffer, self._contents.whole
        begins = self._contents.starts[places]
        for place, start, room in zip(
            places.tolist(), begins.tolist(), rooms.tolist(), strict=True
        ):
            part = whole.get(place, buffer[start : start + room])
            yield part if len(part) == room else bytes(part) + bytes(room - len(part))


def _rooms(sizes: Ints) -> Ints:
    return (sizes + 4) & ~3


def marked(found: Bools, owners: Ints, keys: int) -> Bools:
    """Which keys own one of the values that are marked."""
    marks: Bools = np.bincount(owners[found], minlength=keys) > 0
    return marks
