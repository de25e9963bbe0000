"""Object pages: the table of contents of each, and what lies in them outside any record.

A page of 8192 bytes begins with rows of four words (record id, offset from the page's start,
size, CRC-32 or 0) up to a row of zeros; the records follow without gaps. Only the last one may
be larger than the page: it goes on in the next *logical* pages, which have no table.

Source: libyal/dtformats, "WMI repository file format", objects data page.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from triage.records import dataclass

PAGE = 8192
_ROW = struct.Struct("<4I")
_ROWS_MAX = PAGE // 16
SIZE_MAX = 64 << 20  # of one record; the longest string WMI takes is far below


class Row(NamedTuple):
    """One row of a page's table: ``offset`` and ``size`` in bytes, ``checksum`` 0 when unset."""

    record: int
    offset: int
    size: int
    checksum: int


@dataclass(frozen=True, slots=True)
class Contents:
    """The usable rows of a page, whether they follow each other without a gap, and how many rows
    could not be used."""

    rows: tuple[Row, ...]
    tidy: bool
    damaged: int


NOTHING = Contents((), False, 0)


def contents(data: bytes, at: int) -> Contents:
    """The table of the page at an offset of the file; empty when the page has none.

    A page that goes on with a record of the page before begins with anything; the first
    row's offset, which is the table's own size, tells a table from that.
    """
    if at + 32 > len(data):
        return NOTHING
    offset = _ROW.unpack_from(data, at)[1]
    count = offset // 16 - 1
    if offset % 16 or not 0 < count < _ROWS_MAX:
        return NOTHING
    table = data[at : at + offset]
    if len(table) < offset or table[-16:].strip(b"\0"):
        return NOTHING
    return _checked([Row(*words) for words in _ROW.iter_unpack(table[:-16])])


def _checked(rows: list[Row]) -> Contents:
    """The rows that lie in the page; only the last may reach beyond it."""
    usable = []
    end = 16 * (len(rows) + 1)
    tidy = True
    for number, row in enumerate(rows):
        tidy = tidy and row.offset == end
        end = row.offset + row.size
        inside = 0 < row.size <= SIZE_MAX and row.offset < PAGE
        if inside and (end <= PAGE or number == len(rows) - 1):
            usable.append(row)
    return Contents(tuple(usable), tidy, len(rows) - len(usable))


def unused(rows: Contents) -> tuple[tuple[int, int], ...]:
    """The parts of a page, from offset to offset, that no row covers: freed records and slack."""
    free = []
    end = 16 * (len(rows.rows) + rows.damaged + 1) if rows.rows else 0
    for row in sorted(rows.rows, key=lambda row: row.offset):
        if row.offset > end:
            free.append((end, row.offset))
        end = max(end, row.offset + row.size)
    if end < PAGE:
        free.append((end, PAGE))
    return tuple(free)
