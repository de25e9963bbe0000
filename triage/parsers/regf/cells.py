"""Cells: where records lie in the bins, and the one place where bytes of a hive are read.

A cell begins with its size, a signed word: negative while it is allocated. Offsets of cells count
from the first bin. Hives of version 1.1 and before have a second word there (the offset of the
cell before) and align cells to 16 bytes.

Source: M. Suhanov, "Windows registry file format specification", hive bins and cells.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

NONE = 0xFFFFFFFF
_SIZE = struct.Struct("<i")
# For each kind of anomaly, so that many of one do not hide another.
_ANOMALIES_MAX = 32
_OLD_MINOR = 1

Container = Callable[[int], tuple[int, int] | None]
Judge = Callable[[Any], str]


class Cells:
    """The bins of one hive. ``base`` is where they begin in the file, ``limit`` their length.

    ``found`` collects what is wrong: offset in the bins and text, bounded.
    """

    def __init__(self, data: bytes | bytearray | memoryview, base: int, minor: int) -> None:
        self.buffer = memoryview(data)[base:]
        self.base = base
        self.limit = len(self.buffer) & ~3
        self.minor = minor
        self.head = 8 if minor <= _OLD_MINOR else 4
        self.container: Container | None = None
        self.found: dict[tuple[int, str], None] = {}
        self._kinds: dict[str, int] = {}
        # Where a log was replayed: what tells the state of a key or value that the tree has.
        self.judge: Judge | None = None

    def loose(self, container: Container) -> Cells:
        """The same bins for what lies beside the tree: ``container`` says how far cells go.

        Nothing is noted: that freed cells are not whole is no anomaly.
        """
        other = Cells(self.buffer, 0, self.minor)
        other.base, other.container = self.base, container
        return other

    def note(self, at: int, text: str) -> None:
        """Remember an anomaly: once for each place, and only the first ones of a kind."""
        if self.container is not None or (at, text) in self.found:
            return
        self._kinds[text] = self._kinds.get(text, 0) + 1
        if self._kinds[text] <= _ANOMALIES_MAX:
            self.found[at, text] = None

    def span(self, cell: int) -> tuple[int, int] | None:
        """Where the content of the cell at ``cell`` begins and ends; ``None`` if it has none.

        A cell that is free, or longer than the bins, is noted and given as far as it goes.
        """
        if self.container is not None:
            return self.container(cell)
        if cell & 7 or not 0 <= cell <= self.limit - 8:
            self.note(min(cell, self.limit), "a reference leads outside the bins or between cells")
            return None
        size = int(_SIZE.unpack_from(self.buffer, cell)[0])
        if size >= 0:
            self.note(cell, "a reference leads to a free cell")
        end = cell + abs(size)
        if end > self.limit:
            self.note(cell, "a cell is longer than the bins")
            end = self.limit
        start = cell + self.head
        return (start, end) if start < end else None

    def bytes_at(self, start: int, end: int) -> bytes:
        return bytes(self.buffer[start:end])
