"""libffi's closures: small writable and executable pages of equal trampolines.

Where the library cannot map its own static trampolines it writes them to anonymous memory. Each
closure is a struct that begins with the trampoline, so the same code stands at equal
distances. Source: libffi src/x86/ffi64.c and src/aarch64/ffi.c (the bytes), include/ffi.h.in.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from itertools import pairwise

from triage.content.patterns import lazy

# endbr64; lea -offset(%rip),%r10; jmp *const(%rip)  |  without endbr64  |  arm64: ldr, adr, br
_X86_64 = lazy(rb"(?:\xf3\x0f\x1e\xfa)?\x4c\x8d\x15..\xff\xff\xff\x25", re.DOTALL)
_ARM64 = lazy(rb"\x91\x00\x00\x58|\xf1\xff\xff\x10\x70..\x58", re.DOTALL)
_RESIDENT_MAX, _REST_MAX, _CLOSURE = 256 << 10, 12, 128
# struct ffi_closure: 24 bytes of trampoline (of 32), then cif, function and data; and what the
# allocator says of the chunk. Addresses of programs have 47 bits.
_TRAMPOLINE, _ADDRESSES = 24, 1 << 47


def holds_closures(head: bytes | None, resident: int | None) -> bool:
    """Whether a page is a table of closures: trampolines at equal distances from its start.

    Only small regions qualify, so that a payload cannot hide behind a page of them; and behind a
    single trampoline only the pointers of its closure may follow.
    """
    if head is None or resident is None or resident > _RESIDENT_MAX:
        return False
    for pattern in (_X86_64, _ARM64):
        places = [match.start() for match in pattern.finditer(head)]
        if len(places) > 1 and _evenly_spread(places, head):
            return True
        if len(places) == 1 and _is_alone(places[0], head):
            return True
    return False


def _evenly_spread(places: list[int], head: bytes) -> bool:
    """From near the start, at multiples of the smallest distance, and next to nothing behind."""
    steps = [after - before for before, after in pairwise(places)]
    step = min(steps)
    even = all(distance % step == 0 for distance in steps)
    return (
        even
        and step <= _CLOSURE
        and places[0] <= _CLOSURE
        and _is_bookkeeping(head[places[-1] + step :])
    )


def _is_bookkeeping(behind: bytes) -> bool:
    """Next to nothing: what the allocator writes at the end of a segment, sizes and addresses."""
    words = [word for (word,) in struct.iter_unpack("=Q", behind[: len(behind) // 8 * 8]) if word]
    return len(words) <= _REST_MAX and all(word < _ADDRESSES for word in words)


def _is_alone(place: int, head: bytes) -> bool:
    """One closure near the start: addresses behind the trampoline, and next to nothing more."""
    before = head[:place].strip(b"\0")
    return place <= _CLOSURE and len(before) <= 8 and _is_bookkeeping(head[place + _TRAMPOLINE :])


def holds_unused_closures(head: bytes | None, ranges: Sequence[tuple[int, int]]) -> bool:
    """Whether a page holds nothing but the list of closures not yet used.

    That is pointers from one to the next, into the tables themselves (``ranges``), and zeros: no
    code can be written with those words alone.
    """
    if head is None or len(head) % 8:
        return False
    words = [word for (word,) in struct.iter_unpack("=Q", head) if word]
    return all(any(first <= word < last for first, last in ranges) for word in words)
