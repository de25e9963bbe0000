"""Which collector found an artifact: a snapshot has them in the order of the collection."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

from triage.model import Snapshot


def coverage_of(snapshot: Snapshot) -> Callable[[int], int | None]:
    """What tells for a place in ``snapshot.artifacts`` the place in ``snapshot.coverage``.

    ``None`` where the counts of the coverage do not add up to what is there: a snapshot that was
    cut short, or one with a record that no reader would take.
    """
    ends = list(accumulate(entry.artifacts for entry in snapshot.coverage))
    if not ends or ends[-1] != len(snapshot.artifacts):
        return lambda place: None
    return lambda place: bisect_right(ends, place)


def collectors(snapshot: Snapshot) -> Callable[[int], str | None]:
    """What tells the name of the collector, as :func:`coverage_of` does its place."""
    entry_of = coverage_of(snapshot)

    def collector(place: int) -> str | None:
        entry = entry_of(place)
        return None if entry is None else snapshot.coverage[entry].collector

    return collector
