"""Bytes that belong to no key and no value: free cells, slack, unreferenced cells, what no bin has.

What carved keys and values take is left out, and stretches of nothing but NULs are too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from triage.parsers.regf.cells import Cells
from triage.parsers.regf.items import Remnant
from triage.parsers.regf.layout import Layout

FREE, SLACK_BYTES, UNREFERENCED, OUTSIDE, HEADER = (
    "free", "slack", "unreferenced", "outside", "header")  # fmt: skip
# Security descriptors may hang in their own ring only.
_RING = b"sk"


def remnants(
    cells: Cells, layout: Layout, taken: list[tuple[int, int]], least: int
) -> Iterator[Remnant]:
    """Stretches of at least ``least`` bytes, by their place in the bins."""
    places = [start for start, _ in taken]
    for start, end, kind in _stretches(cells, layout, least):
        at = start
        index = max(bisect_left(places, start) - 1, 0)
        for first, last in taken[index:] if places else ():
            if first >= end:
                break
            if last > at:
                yield from _cut(cells, at, min(first, end), kind, least)
                at = max(at, last)
        yield from _cut(cells, at, end, kind, least)


def _cut(cells: Cells, start: int, end: int, kind: str, least: int) -> Iterator[Remnant]:
    if end - start >= least:
        data = cells.bytes_at(start, end)
        if data.count(0) < len(data):
            yield Remnant(cells.base + start, kind, data)


def _stretches(cells: Cells, layout: Layout, least: int) -> Iterator[tuple[int, int, str]]:
    for index in _roomy(layout, least):
        start, end, used = (int(x[index]) for x in (layout.starts, layout.ends, layout.used))
        content = start + cells.head
        if used:
            yield used, end, SLACK_BYTES
        elif layout.free[index]:
            yield content, end, FREE
        elif cells.bytes_at(content, content + 2) != _RING:
            yield content, end, UNREFERENCED
    for start, end in layout.outside:
        yield start, end, OUTSIDE


def _roomy(layout: Layout, least: int) -> Iterator[int]:
    """The cells with at least ``least`` bytes that the tree does not use."""
    if isinstance(layout.free, bytearray):
        triples = zip(layout.starts, layout.ends, layout.used, strict=True)
        for index, (start, end, used) in enumerate(triples):
            if end - max(start, used) >= least:
                yield index
        return
    import numpy as np

    room = layout.ends - np.maximum(layout.starts, layout.used)
    yield from np.flatnonzero(room >= least).tolist()
