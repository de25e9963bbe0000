"""The root key, also where the base block does not lead to it."""

from __future__ import annotations

import re

from triage.parsers.regf import records
from triage.parsers.regf.cells import Cells
from triage.parsers.regf.header import SIZE, BaseBlock

ROOT_FLAG = 0x4
_KEY = re.compile(b"nk")
_OLD, _NEW = 1, 5
# Keys that are looked at when the base block leads to none.
_LOOKED_MAX = 100_000


def find(data: bytes | bytearray | memoryview, block: BaseBlock) -> tuple[Cells, int]:
    """The bins, read as the version says, and the cell of the root key.

    Where there is no key at that place, the version may be what is damaged; else the first
    allocated key is taken that says it is a root, or the one with most subkeys that is below none.
    """
    first = Cells(data, SIZE, block.minor)
    if _has_key(first, block.root):
        return first, block.root
    other = Cells(data, SIZE, _NEW if block.minor <= _OLD else _OLD)
    if _has_key(other, block.root):
        other.note(0, "the version is not the one that the cells have")
        return other, block.root
    for cells in (first, other):
        found = _search(cells)
        if found is not None:
            cells.note(found, "the base block leads to no root key; this one was found")
            return cells, found
    return first, block.root


def _has_key(cells: Cells, cell: int) -> bool:
    quiet = Cells(cells.buffer, 0, cells.minor)
    return records.node(quiet, cell) is not None


def _search(cells: Cells) -> int | None:
    best, most = None, -1
    quiet = Cells(cells.buffer, 0, cells.minor)
    for count, found in enumerate(_KEY.finditer(cells.buffer)):
        cell = found.start() - cells.head
        if count > _LOOKED_MAX:
            break
        if cell < 0 or cell & 7 or quiet.bytes_at(cell + 3, cell + 4) < b"\x80":
            continue
        node = records.node(quiet, cell)
        if node is None:
            continue
        if node.flags & ROOT_FLAG:
            return cell
        if node.subkeys > most and not _has_key(quiet, node.parent):
            best, most = cell, node.subkeys
    return best
