"""What a process has of a mapping in its page table, by ``/proc/PID/pagemap``."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from triage import kernel

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


def private_pages(pagemap_fd: int, start: int, end: int) -> list[tuple[int, int]]:
    """Ranges of private copies, by whichever way the kernel knows. Raises :class:`OSError`."""
    size = os.sysconf("SC_PAGE_SIZE")
    first, last = start // size * size, -(-end // size) * size
    found: Iterable[tuple[int, int]]
    try:
        found = kernel.private_pages(pagemap_fd, first, last)
    except OSError:  # before Linux 6.7
        found = kernel.private_pages_by_reading(pagemap_fd, first, last, size)
    return _joined(found)


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for first, last in ranges:
        if found and found[-1][1] == first:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found
