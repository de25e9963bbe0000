"""Keys and values of a survey, made when they are asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from triage.parsers.regf import records
from triage.parsers.regf.cells import NONE, Cells
from triage.parsers.regf.items import ALLOCATED, Key, Value
from triage.parsers.regf.survey import Survey

if TYPE_CHECKING:
    from triage.parsers.regf.survey import Places

NO_NODE = records.Node(0, 0, 0, NONE, 0, NONE, 0, NONE, NONE, NONE, 0, "", 0, True)


class Tree:
    """The keys of one survey by their place in it; those that were made are kept."""

    def __init__(self, cells: Cells, survey: Survey, state: str = ALLOCATED) -> None:
        self.cells = cells
        self.survey = survey
        self._state = state
        self._made: dict[int, Key] = {}
        self._places: dict[int, int] | None = None

    def key(self, place: int) -> Key:
        """The key at a place, and with it those above."""
        chain = []
        while place >= 0 and place not in self._made:
            chain.append(place)
            place = int(self.survey.parents[place])
        above = self._made.get(place)
        for place in reversed(chain):
            node = records.node(self.cells, int(self.survey.keys[place])) or NO_NODE
            above = self._made[place] = Key(self.cells, node, above, self._state)
        assert above is not None
        return above

    def value(self, place: int) -> Value | None:
        """The value at a place."""
        entry = records.entry(self.cells, int(self.survey.values[place]))
        if entry is None:
            return None
        owner = int(self.survey.owners[place])
        return Value(self.cells, entry, partial(self.key, owner), self._state)

    def place_of(self, cell: int) -> int | None:
        """The place of the key in a cell; ``None`` when the tree does not lead to it."""
        if self._places is None:
            self._places = {cell: place for place, cell in enumerate(_listed(self.survey.keys))}
        return self._places.get(cell)

    def walk(self) -> Iterator[tuple[Key, tuple[Value, ...]]]:
        """Every key with its values, parents first."""
        return self.picked(range(len(self.survey.keys)))

    def picked(self, places: Iterable[int]) -> Iterator[tuple[Key, tuple[Value, ...]]]:
        """Some keys with their values, by their ascending places."""
        cells, state = self.cells, self._state
        values, owners = _listed(self.survey.values), _listed(self.survey.owners)
        last = 0
        for place in places:
            first = bisect_left(owners, place, last)
            last = bisect_right(owners, place, first)
            key = self.key(place)
            entries = [records.entry(cells, cell) for cell in values[first:last]]
            yield key, tuple(Value(cells, e, key, state) for e in entries if e is not None)


def _listed(places: Places) -> list[int]:
    return places if isinstance(places, list) else places.tolist()
