"""Compiled code without the habits of shellcode: told from other binary data by its rhythm."""

from __future__ import annotations

_WINDOW = 1024
_SMALLEST = 256
#: Pairs of bytes that compiled x86 code is full of: 64-bit moves, near conditional jumps,
#: stack frames, tests of a register. Together they make up a tenth of it; of other data, one
#: pair in several hundred.
_PAIRS = (
    b"\x48\x8b",
    b"\x48\x89",
    b"\x48\x8d",
    b"\x48\x83",
    b"\x48\x85",
    b"\x4c\x89",
    b"\x4c\x8b",
    b"\x0f\x84",
    b"\x0f\x85",
    b"\x0f\x1f",
    b"\x0f\xb6",
    b"\x49\x89",
    b"\x44\x89",
    b"\x85\xc0",
    b"\x8b\x45",
    b"\x89\x45",
    b"\xff\x75",
    b"\x83\xc4",
    b"\x8b\x4d",
    b"\xff\xff",
    b"\x41\x5c",
    b"\x83\xec",
    b"\x24\x04",
    b"\x8b\x44",
)
_FREQUENT = (b"\x8b", b"\x89", b"\x8d", b"\xe8")
#: Highest bytes of the words that arm64 compilers emit most.
_TOPS = (
    0xF9,
    0xAA,
    0x91,
    0xB9,
    0x97,
    0x94,
    0x54,
    0x52,
    0xA9,
    0x39,
    0xB4,
    0x35,
    0x34,
    0x14,
    0xD1,
    0xF1,
    0x71,
    0xD6,
    0x2A,
    0xEB,
    0x6B,
    0x90,
    0xD2,
)


def is_machine_code(data: bytes) -> bool:
    """Whether the middle of the data has the rhythm of compiled x86, x86-64 or arm64 code."""
    middle = max(0, len(data) // 2 - _WINDOW // 2) & ~3
    part = data[middle : middle + _WINDOW]
    if len(part) < _SMALLEST or part.count(0) * 3 > len(part):
        return False
    return _is_x86(part) or _is_arm64(part)


def _is_x86(part: bytes) -> bool:
    if sum(map(part.count, _FREQUENT)) * 40 < len(part):
        return False
    counts = [part.count(pair) for pair in _PAIRS]
    return sum(counts) * 22 > len(part) and sum(1 for one in counts if one) >= 6


def _is_arm64(part: bytes) -> bool:
    tops = part[3 : len(part) // 4 * 4 : 4]
    usual = sum(map(tops.count, _TOPS))
    calls = tops.count(0x94) + tops.count(0x97)
    return (
        usual * 10 >= len(tops) * 8 and calls * 50 > len(tops) and tops.count(0xF9) * 20 > len(tops)
    )
