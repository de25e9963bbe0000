"""libffi's closures: small writable and executable pages of equal trampolines.

Where the library cannot map its own static trampolines it writes them to anonymous memory. Each
closure is a struct that begins with the trampoline, so the same code stands at equal
distances. Source: libffi src/x86/ffi64.c and src/aarch64/ffi.c (the bytes), include/ffi.h.in.
"""

from __future__ import annotations

import re
from itertools import pairwise

# endbr64; lea -offset(%rip),%r10; jmp *const(%rip)  |  without endbr64  |  arm64: ldr, adr, br
_X86_64 = re.compile(rb"(?:\xf3\x0f\x1e\xfa)?\x4c\x8d\x15..\xff\xff\xff\x25", re.DOTALL)
_ARM64 = re.compile(rb"\x91\x00\x00\x58|\xf1\xff\xff\x10\x70..\x58", re.DOTALL)
_LEAST, _RESIDENT_MAX, _REST_MAX, _CLOSURE = 2, 256 << 10, 16, 128


def holds_closures(head: bytes | None, resident: int | None, least: int = _LEAST) -> bool:
    """Whether a page is a table of closures: trampolines at equal distances from its start.

    Only small regions qualify, so that a payload cannot hide behind a page of them. A single one
    (``least`` 1) proves little: it may be the last of a table that the address space split.
    """
    if head is None or resident is None or resident > _RESIDENT_MAX:
        return False
    for pattern in (_X86_64, _ARM64):
        places = [match.start() for match in pattern.finditer(head)]
        if len(places) >= least and _evenly_spread(places, head):
            return True
    return False


def _evenly_spread(places: list[int], head: bytes) -> bool:
    """From near the start, at multiples of the smallest distance, and next to nothing behind."""
    steps = [after - before for before, after in pairwise(places)]
    step = min(steps, default=_CLOSURE)
    even = all(distance % step == 0 for distance in steps)
    behind = head[places[-1] + step :]
    rest = len(behind) - behind.count(0)
    return even and step <= _CLOSURE and places[0] <= _CLOSURE and rest <= _REST_MAX
