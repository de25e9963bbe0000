"""Bytes that belong to no key and no value: free cells, slack, unreferenced cells, what no bin has.

What carved keys and values take is left out, and stretches of nothing but NULs are too.
"""

from __future__ import annotations

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
    passed = 0
    for start, end, kind in _stretches(cells, layout, least):
        at = start
        passed = _first_behind(taken, start, passed)
        for index in range(passed, len(taken)):
            first, last = taken[index]
            if first >= end:
                break
            if first - at >= least:
                yield from _cut(cells, at, min(first, end), kind, least)
            at = max(at, last)
        yield from _cut(cells, at, end, kind, least)


def _first_behind(taken: list[tuple[int, int]], start: int, passed: int) -> int:
    """The first range from ``passed`` on that ends behind ``start``."""
    while passed < len(taken) and taken[passed][1] <= start:
        passed += 1
    return passed


def _cut(cells: Cells, start: int, end: int, kind: str, least: int) -> Iterator[Remnant]:
    if end - start >= least:
        data = cells.bytes_at(start, end)
        if data.count(0) < len(data):
            yield Remnant(cells.base + start, kind, data)


def _stretches(cells: Cells, layout: Layout, least: int) -> Iterator[tuple[int, int, str]]:
    for start, end, used, free in _roomy(layout, least):
        content = start + cells.head
        if used:
            yield used, end, SLACK_BYTES
        elif free:
            yield content, end, FREE
        elif cells.bytes_at(content, content + 2) != _RING:
            yield content, end, UNREFERENCED
    for start, end in layout.outside:
        yield start, end, OUTSIDE


def _roomy(layout: Layout, least: int) -> Iterator[tuple[int, int, int, bool]]:
    """The cells with at least ``least`` bytes that the tree does not use."""
    rows = (layout.starts, layout.ends, layout.used, layout.free)
    if not isinstance(layout.free, bytearray):
        import numpy as np

        room = np.flatnonzero(layout.ends - np.maximum(layout.starts, layout.used) >= least)
        yield from zip(*(row[room].tolist() for row in rows), strict=True)
        return
    for start, end, used, free in zip(*rows, strict=True):
        if end - max(start, used) >= least:
            yield start, end, used, bool(free)
