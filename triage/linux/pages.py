"""How much of a mapping a process has in its page table, by ``/proc/PID/pagemap``."""

from __future__ import annotations

import os
import struct

_PRESENT = 1 << 63  # Documentation/admin-guide/mm/pagemap.rst


def present_pages(pagemap_fd: int, start: int, end: int, page_size: int) -> int:
    """How many pages from ``start`` on are present without a break. Raises :class:`OSError`.

    To read those through ``/proc/PID/mem`` faults nothing in.
    """
    data = os.pread(pagemap_fd, (end - start) // page_size * 8, start // page_size * 8)
    count = 0
    for (entry,) in struct.iter_unpack("=Q", data[: len(data) // 8 * 8]):
        if not entry & _PRESENT:
            break
        count += 1
    return count
