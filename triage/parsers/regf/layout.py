"""The layout of the bins: every cell, whether it is free, and how much of it the tree uses.

Two ways, one result, as in the survey: ``layout_arrays`` for large hives, :func:`by_records`.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from triage.parsers.regf import records
from triage.parsers.regf.cells import NONE, Cells
from triage.records import dataclass

if TYPE_CHECKING:
    from triage.parsers.regf.survey import Survey

BIN, BIN_HEAD, PAGE = b"hbin", 32, 4096
_BIN = struct.Struct("<4s4xI")
_SIZE = struct.Struct("<i")


@dataclass(frozen=True, slots=True)
class Layout:
    """The cells in order. All are sequences of numbers of one length, sorted by ``starts``.

    ``used`` is where the part of a cell ends that the tree leads to; 0 when it leads to none.
    ``outside`` are the stretches that no bin covers.
    """

    starts: Any
    ends: Any
    free: Any
    used: Any
    outside: Sequence[tuple[int, int]]

    def holding(self, at: int) -> int | None:
        """Which cell holds the byte at ``at``."""
        index = int(bisect_right(self.starts, at)) - 1
        if index < 0 or at >= self.ends[index]:
            return None
        return index


def take(cells: Cells, survey: Survey) -> Layout:
    """The layout, the way the survey was made."""
    if isinstance(survey.keys, list):
        return by_records(cells, survey)
    from triage.parsers.regf.layout_arrays import layout

    return layout(cells, survey)


def bins(cells: Cells) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The bins, and the stretches between and behind them; a damaged bin costs only itself."""
    found: list[tuple[int, int]] = []
    outside: list[tuple[int, int]] = []
    at = 0
    while at < cells.limit:
        end = _bin_end(cells, at)
        if end is None:
            end = _next_bin(cells, at)
            outside.append((at, end))
        else:
            found.append((at, end))
        at = end
    return found, outside


def _bin_end(cells: Cells, at: int) -> int | None:
    if at + BIN_HEAD > cells.limit:
        return None
    sig, size = _BIN.unpack_from(cells.buffer, at)
    if sig != BIN:
        return None
    if size < PAGE or size % PAGE or at + size > cells.limit:
        cells.note(at, "a bin has a size that cannot be")
        size = max(PAGE, min(size & -PAGE, cells.limit - at))
    return min(at + int(size), cells.limit)


def _next_bin(cells: Cells, at: int) -> int:
    return next(
        (
            place
            for place in range(at + PAGE, cells.limit - BIN_HEAD, PAGE)
            if cells.buffer[place : place + 4] == BIN
        ),
        cells.limit,
    )


def chain(cells: Cells, start: int, end: int, add: Callable[[int, int], None]) -> None:
    """Tell the place and the stored size of each cell of a bin; a bad size takes the rest."""
    at = start
    while at + 8 <= end:
        size = int(_SIZE.unpack_from(cells.buffer, at)[0])
        length = abs(size)
        if length < 8 or length & 7 or at + length > end:
            cells.note(at, "a cell has a size that cannot be")
            length = end - at
            size = length if size >= 0 else -length
        add(at, size)
        at += length


def by_records(cells: Cells, survey: Survey) -> Layout:
    """The layout, one record after the other."""
    found, outside = bins(cells)
    starts, sizes = array("q"), array("q")

    def add(at: int, size: int) -> None:
        starts.append(at)
        sizes.append(size)

    for start, end in found:
        chain(cells, start + BIN_HEAD, end, add)
    ends = array("q", (at + abs(size) for at, size in zip(starts, sizes, strict=True)))
    used = array("q", bytes(8 * len(starts)))
    free = bytearray(size > 0 for size in sizes)
    layout = Layout(starts, ends, free, used, outside)
    for cell, end in _uses(cells, survey):
        mark(layout, cell, end)
    return layout


def mark(layout: Layout, cell: int, end: int) -> None:
    """Remember that the tree uses a cell up to ``end``."""
    index = layout.holding(cell)
    if index is not None and layout.starts[index] == cell:
        layout.used[index] = min(max(layout.used[index], end), layout.ends[index])


def _uses(cells: Cells, survey: Survey) -> Iterator[tuple[int, int]]:
    for cell in survey.keys:
        node = records.node(cells, int(cell))
        if node is not None:
            yield int(cell), node.end
            yield from _of_key(cells, node)
    for cell in survey.values:
        entry = records.entry(cells, int(cell))
        if entry is not None:
            yield int(cell), entry.end
            yield from records.data_cells(cells, entry)


def _of_key(cells: Cells, node: records.Node) -> Iterator[tuple[int, int]]:
    """The cells that a key needs beside its own."""
    head = cells.head
    if node.values:
        yield node.value_list, node.value_list + head + 4 * node.values
    if node.class_size and node.class_cell != NONE:
        yield node.class_cell, node.class_cell + head + node.class_size
    security = records.security(cells, node)
    if security is not None:
        yield node.security, node.security + head + records.SECURITY_AT + len(security)
    if node.subkeys and node.subkey_list != NONE:
        for cell, size in records.list_sizes(cells, node.subkey_list):
            yield cell, cell + head + size
