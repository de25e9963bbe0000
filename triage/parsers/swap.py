"""The header of a Linux swap area, and the marks of a hibernation image in it.

include/linux/swap.h (``union swap_header``), kernel/power/swap.c (``struct swsusp_header``); the
signature is in the last ten bytes of the first page, whatever the size of pages is.
"""

from __future__ import annotations

import struct

from triage.parsers import Malformed
from triage.records import dataclass

PAGE_SIZES = (4096, 8192, 16384, 65536)
HEAD = PAGE_SIZES[-1]
_SWAP = (b"SWAPSPACE2", b"SWAP-SPACE")
_HIBERNATION = (b"S1SUSPEND", b"S2SUSPEND", b"ULSUSPEND", b"LINHIB0001")


@dataclass(frozen=True, slots=True)
class SwapArea:
    """``pages`` of ``page`` bytes; ``hibernated`` is the mark of a hibernation image, if any."""

    page: int
    pages: int | None
    uuid: str
    label: str
    hibernated: str = ""


def parse_swap(head: bytes) -> SwapArea:
    """The header in the first bytes of an area. Raises :class:`Malformed` when there is none."""
    for page in PAGE_SIZES:
        mark = head[page - 10 : page]
        if mark in _SWAP:
            return _area(head, page, "")
        for name in _HIBERNATION:
            if len(mark) == 10 and mark.startswith(name):
                return _area(head, page, name.decode("ascii"))
    raise Malformed("no swap area: no signature at the end of its first page")


def _area(head: bytes, page: int, hibernated: str) -> SwapArea:
    """The version-1 information after the first 1,024 bytes; hibernation leaves it as it was."""
    version, last, _ = struct.unpack_from("<III", head, 1024)
    if version != 1:
        return SwapArea(page, None, "", "", hibernated)
    uuid = head[1036:1052].hex()
    label = head[1052:1068].split(b"\0", 1)[0].decode("utf-8", "replace")
    return SwapArea(page, last + 1, uuid, label, hibernated)
