"""Words in a file's code that the dynamic linker itself changes: text relocations.

A library that was not built as position-independent code (``DT_TEXTREL``) has its code relocated in
place: every page with such a word is a private copy that differs from the file, by right. Looked
for only where code differs. Source: System V gABI, chapter 5 (DT_TEXTREL, DF_TEXTREL).
"""

from __future__ import annotations

import os
from bisect import bisect_left

from triage.parsers import Malformed
from triage.parsers.elf_dynamic import Linkage
from triage.parsers.procfs import MapLine

_READ_MAX = 64 << 20
_LONGEST = 8


class TextRelocations:
    """The relocated words of one mapping of a file, by address in memory."""

    def __init__(self, fd: int, line: MapLine, page_size: int) -> None:
        """``fd`` is the mapped file. What is no ELF image has none."""
        self._words: dict[int, int] = {}
        try:
            linkage = Linkage(lambda offset, size: _piece(fd, offset, size))
            if linkage.relocates_text:
                bias = linkage.layout.bias(line.start, line.offset, page_size)
                if bias is not None:
                    self._words = {bias + at: size for at, size in linkage.relocated()}
        except (OSError, Malformed):
            pass
        self._places = sorted(self._words)

    def applied(self, original: bytes, found: bytes, base: int) -> bytes:
        """The file's bytes with the relocated words as memory has them; both begin at ``base``."""
        first = bisect_left(self._places, base - _LONGEST)
        last = bisect_left(self._places, base + len(original))
        if first == last:
            return original
        explained = bytearray(original)
        for place in self._places[first:last]:
            begin, end = max(place - base, 0), place - base + self._words[place]
            explained[begin:end] = found[begin:end]
        return bytes(explained[: len(original)])


def _piece(fd: int, offset: int, size: int) -> bytes:
    try:
        return os.pread(fd, min(size, _READ_MAX), offset)
    except (OSError, OverflowError):
        return b""
