"""What executable memory without a file holds, where its first bytes do not say so.

Only pages that exist are read, and only of memory that is suspicious already; a limit for each
process keeps the price of a JIT with hundreds of code areas down.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

from triage.model import Content, Mapping

_MAPPING_MAX, _PROCESS_MAX = 1 << 20, 4 << 20
_HEAD = 4096
#: What needs no second look.
_TOLD = frozenset({"elf", "pe", "macho", "shellcode"})


class DeeperLook:
    """Reads on behind the first bytes of a process's mappings, up to a limit for all of them."""

    def __init__(self) -> None:
        self._left = _PROCESS_MAX

    def at(
        self, mapping: Mapping, content: Content, ranges: Iterable[tuple[int, int]], mem: int
    ) -> tuple[int, bytes, Content] | None:
        """(address, bytes from there, what they are) of a hit; ``None`` for none or no need.

        ``ranges`` are the mapping's pages that exist, as addresses.
        """
        if content.kind in _TOLD or not mapping.executable or mapping.inode != 0:
            return None
        left = min(_MAPPING_MAX, self._left)
        for first, last in ranges:
            if left <= 0:
                break
            size = min(last - first, left)
            left -= size
            self._left -= size
            try:
                found = _found(os.pread(mem, size, first), first)
            except (OSError, OverflowError):
                continue
            if found is not None:
                return found
        return None


def _found(data: bytes, base: int) -> tuple[int, bytes, Content] | None:
    from triage.content.examine import glance
    from triage.content.in_memory import find_code

    hit = find_code(data)
    if hit is None:
        return None
    offset, what = hit
    piece = data[offset : offset + _HEAD]
    content = replace(
        glance(piece),
        kind=what.kind,
        detail=what.detail,
        confidence=what.confidence,
        traits=what.traits,
    )
    return base + offset, piece, content
