"""Habits of ARM shellcode: words that make system calls with numbers known from their set-up.

Encodings: Arm Architecture Reference Manual, A64 (C4) and A32/T32 (F3, F4).
"""

from __future__ import annotations

import struct

from triage.content.syscalls import ARM, ARM64

_MOST_WORDS = 512


def follow_arm64(data: bytes) -> tuple[list[str], int]:
    """Names of system calls made, and a penalty for what compilers write.

    The walk goes straight on and ends at the first word that cannot be an instruction, unless
    a branch has stepped over it.
    """
    words = struct.unpack(
        f"<{min(len(data) // 4, _MOST_WORDS)}I", data[: min(len(data) // 4, _MOST_WORDS) * 4]
    )
    number: int | None = None
    names: list[str] = []
    penalty = index = 0
    while index < len(words):
        word = words[index]
        if word >> 25 & 15 in (0, 1, 2, 3) or _escapes(word, index, len(data) // 4):
            break
        if word & 0xFFE0001F == 0xD2800008 or word & 0xFFE0001F == 0x52800008:
            number = word >> 5 & 0xFFFF
        elif word & 0xFF00001F == 0x91000008 and word >> 5 & 31 == 31:
            number = word >> 10 & 0xFFF
        elif word & 0xFFE0001F == 0xD4000001:
            name = None if number is None else ARM64.get(number)
            names += [name] if name else []
            penalty += 0 if name else 2
        elif word & 0xFFC07FFF == 0xA9807BFD or word & 0x9F000000 == 0x90000000:
            penalty += 4
        elif word & 0xFFFFFC1F == 0xB140041F or word in (0xD503245F, 0xD503233F):
            # cmn x0, #4095 after a call; landing pads and pointer signing before functions
            penalty += 6
        elif word & 0xFC000000 == 0x14000000:
            index += _signed(word & 0x3FFFFFF, 26) - 1 if _signed(word & 0x3FFFFFF, 26) > 0 else 0
        index += 1
    return names, penalty


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _escapes(word: int, index: int, count: int) -> bool:
    """A direct branch or call that leaves the bytes."""
    if word & 0x7C000000 != 0x14000000:
        return False
    return not 0 <= index + _signed(word & 0x3FFFFFF, 26) < count


def follow_arm(data: bytes) -> list[str]:
    """System calls in A32, and in T32 after the usual switch of state at the start."""
    names: list[str] = []
    number: int | None = None
    for at in range(0, min(len(data), 4 * _MOST_WORDS) - 3, 4):
        word = int.from_bytes(data[at : at + 4], "little")
        if (word & 0xFFFF0000 == 0xE28F0000 and word & 1) or word & 0xFFFFFFF0 == 0xE12FFF10:
            return names + _thumb(data[at + 4 :])
        if word >> 28 != 14:
            break
        if word & 0xFFFFFF00 == 0xE3A07000:
            number = word & 0xFF
        elif word & 0xFFF0F000 == 0xE3000000 | 7 << 12:
            number = word & 0xFFF
        elif word & 0xFF000000 == 0xEF000000 and number in ARM:
            names.append(ARM[number])
    return names


def _thumb(data: bytes) -> list[str]:
    names: list[str] = []
    number: int | None = None
    for at in range(0, min(len(data), 1024) - 1, 2):
        half = data[at] | data[at + 1] << 8
        if half & 0xFF00 == 0x2700:
            number = half & 0xFF
        elif half & 0xFF00 == 0x3700 and number is not None:
            number += half & 0xFF
        elif half & 0xFF00 == 0xDF00 and number in ARM:
            names.append(ARM[number])
    return names
