"""Compiled code without the habits of shellcode: told from other binary data by its rhythm."""

from __future__ import annotations

from triage.content.x86 import decode

_WINDOW = 2048
_LEAST = 120
#: Instructions that make up most compiled code: mov, lea, call, jumps, add, sub, cmp, test, push, pop.
_COMMON = frozenset({0x89, 0x8B, 0x8D, 0xE8, 0xE9, 0xEB, 0x83, 0x85, 0x84, 0x39, 0x3B, 0x31, 0x01, 0x29,
                     0xC3, 0xC7, 0x0FB6, 0x0FB7, 0x80, 0x0F1F, *range(0x50, 0x60), *range(0x70, 0x80),
                     *range(0x0F80, 0x0F90)})


def is_machine_code(data: bytes) -> bool:
    """Whether a straight walk through the middle meets mostly the common instructions.

    Cheap first: compiled x86-64 code is full of REX.W moves and calls, arm64 code of words
    whose top byte is one of few.
    """
    middle = max(0, len(data) // 2 - _WINDOW // 2)
    part = data[middle : middle + _WINDOW]
    if len(part) < 256 or part.count(0) * 3 > len(part):
        return False
    return _is_arm64(part) or _is_x86(part)


def _is_x86(part: bytes) -> bool:
    moves = part.count(b"\x8b") + part.count(b"\x89") + part.count(b"\x8d") + part.count(b"\xe8")
    return moves * 28 > len(part) and _walks(part)


def _walks(part: bytes) -> bool:
    at = bad = common = seen = relative = 0
    while at < len(part) - 16 and seen < _LEAST:
        one = decode(part, at, True)
        seen += 1
        if one is None:
            bad, at = bad + 1, at + 1
            continue
        common += one.opcode in _COMMON
        relative += one.opcode in (0xE8, 0x8B, 0x89, 0x8D)
        at = one.end
    return bad * 12 <= seen and common * 10 >= seen * 7 and relative * 6 >= seen


def _is_arm64(part: bytes) -> bool:
    tops = part[3 : len(part) // 4 * 4 : 4]
    usual = sum(map(tops.count, (0xF9, 0xAA, 0x91, 0xB9, 0x97, 0x94, 0x54, 0x52, 0xA9, 0x39, 0xB4, 0x35,
                                 0x34, 0x14, 0xD1, 0xF1, 0x71, 0xD6, 0x2A, 0xEB, 0x6B, 0x90, 0xD2)))
    return usual * 10 >= len(tops) * 8 and tops.count(0x94) + tops.count(0x97) + tops.count(0xF9) > 8
