"""Lengths and operands of x86 and x86-64 instructions, as far as following code needs them.

A table decoder after the opcode maps of the Intel SDM, volume 2, appendix A. It knows how long
instructions are and where they go, not what all of them do.
"""

from __future__ import annotations

from typing import NamedTuple

_PREFIXES = frozenset(b"\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3")
_BAD_64 = frozenset(
    b"\x06\x07\x0e\x16\x17\x1e\x1f\x27\x2f\x37\x3f\x60\x61\x82\x9a\xce\xd4\xd5\xd6\xea"
)
#: Instructions that only kernels may use, or that no one uses: in, out, hlt, far returns, ...
_STRANGE = frozenset(
    b"\x0f\x62\x6c\x6d\x6e\x6f\xca\xcb\xcf\xe4\xe5\xe6\xe7\xec\xed\xee\xef\xf1\xf4\xfa\xfb"
    b"\x9a\xea\xd6\xce\x82\x27\x2f\x37\x3f\xd4\xd5"
)


def _flags(*ranges: tuple[int, int]) -> frozenset[int]:
    return frozenset(one for first, last in ranges for one in range(first, last + 1))


_MODRM = _flags(
    *((row, row + 3) for row in range(0, 0x40, 8)),
    (0x62, 0x63),
    (0x69, 0x69),
    (0x6B, 0x6B),
    (0x80, 0x8F),
    (0xC0, 0xC1),
    (0xC6, 0xC7),
    (0xD0, 0xD3),
    (0xD8, 0xDF),
    (0xF6, 0xF7),
    (0xFE, 0xFF),
)
_IMM8 = _flags(
    *((row, row) for row in range(4, 0x40, 8)),
    (0x6A, 0x6B),
    (0x70, 0x80),
    (0x82, 0x83),
    (0xA8, 0xA8),
    (0xB0, 0xB7),
    (0xC0, 0xC1),
    (0xC6, 0xC6),
    (0xCD, 0xCD),
    (0xD4, 0xD5),
    (0xE0, 0xE7),
    (0xEB, 0xEB),
)
_IMMZ = _flags(
    *((row, row) for row in range(5, 0x40, 8)),
    (0x68, 0x69),
    (0x81, 0x81),
    (0xA9, 0xA9),
    (0xB8, 0xBF),
    (0xC7, 0xC7),
    (0xE8, 0xE9),
)
_0F_PLAIN = frozenset(
    b"\x05\x06\x08\x09\x0b\x31\x34\x77\xa0\xa1\xa2\xa8\xa9\xc8\xc9\xca\xcb\xcc\xcd\xce\xcf"
)
_0F_IMM8 = frozenset(b"\x70\x71\x72\x73\xa4\xac\xba\xc2\xc4\xc5\xc6")
_0F_BAD = frozenset(
    b"\x04\x07\x0a\x0c\x0e\x0f\x24\x25\x26\x27\x30\x32\x33\x35\x36\x37\x39\x3b\x3c\x3d\x3e\x3f"
    b"\x7a\x7b\xa6\xa7\xaa\xff\x00\x01\x02\x03\x20\x21\x22\x23"
)


class Instruction(NamedTuple):
    """One instruction. ``opcode`` is 0x0Fxx for the second map, 0xF38xx and 0xF3Axx beyond.

    ``modrm`` is -1 when there is none; ``memory`` is (base, index or -1, displacement) of a
    memory operand, base 16 for the instruction pointer and -1 for none; ``imm`` is signed.
    """

    at: int
    length: int
    opcode: int
    modrm: int
    memory: tuple[int, int, int] | None
    imm: int
    rex: int
    segment: int
    narrow: bool

    @property
    def end(self) -> int:
        return self.at + self.length

    @property
    def reg(self) -> int:
        """The register field of ModRM, with REX.R."""
        return (self.modrm >> 3 & 7) | (self.rex & 4) << 1

    @property
    def rm(self) -> int:
        """The register of a register operand, with REX.B."""
        return (self.modrm & 7) | (self.rex & 1) << 3


def decode(data: bytes, at: int, wide: bool) -> Instruction | None:
    """The instruction at ``at``; ``None`` when it is invalid, strange or cut off."""
    start, segment, narrow = at, 0, False
    try:
        while data[at] in _PREFIXES and at - start < 4:
            byte = data[at]
            segment = byte if byte in (0x64, 0x65) else segment
            narrow = narrow or byte == 0x66
            at += 1
        rex = 0
        if wide and data[at] & 0xF0 == 0x40:
            rex, at = data[at], at + 1
        opcode, at = _opcode(data, at)
        return _operands(data, (start, at), opcode, rex, segment, narrow, wide)
    except IndexError:
        return None


def _opcode(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    if byte != 0x0F:
        return byte, at + 1
    second = data[at + 1]
    if second in (0x38, 0x3A):
        return 0xF0000 | second << 8 | data[at + 2], at + 3
    return 0x0F00 | second, at + 2


def _operands(
    data: bytes,
    place: tuple[int, int],
    opcode: int,
    rex: int,
    segment: int,
    narrow: bool,
    wide: bool,
) -> Instruction | None:
    start, at = place
    if wide and opcode in (0xC4, 0xC5):
        return _vex(data, start, at, opcode, rex)
    if _is_bad(opcode, wide):
        return None
    modrm, memory = -1, None
    if _has_modrm(opcode):
        modrm = data[at]
        memory, at = _modrm(data, at, rex, wide)
        if memory is None and modrm < 0xC0:
            return None
    width = _immediate(opcode, modrm, rex, narrow, wide)
    if at + width > len(data):
        return None
    imm = int.from_bytes(data[at : at + width], "little", signed=True) if width else 0
    return Instruction(start, at + width - start, opcode, modrm, memory, imm, rex, segment, narrow)


def _is_bad(opcode: int, wide: bool) -> bool:
    if opcode > 0xFFFF:
        return False
    if opcode > 0xFF:
        return opcode & 0xFF in _0F_BAD
    return opcode in _STRANGE or (wide and opcode in _BAD_64)


def _has_modrm(opcode: int) -> bool:
    if opcode > 0xFFFF:
        return True
    if opcode > 0xFF:
        low = opcode & 0xFF
        return low not in _0F_PLAIN and not 0x80 <= low <= 0x8F
    return opcode in _MODRM


def _immediate(opcode: int, modrm: int, rex: int, narrow: bool, wide: bool) -> int:
    """Width of the immediate in bytes."""
    if opcode > 0xFF:
        if opcode > 0xFFFF:
            return 1 if opcode >> 8 & 0xFF == 0x3A else 0
        low = opcode & 0xFF
        return 4 if 0x80 <= low <= 0x8F else int(low in _0F_IMM8)
    if opcode in _IMM8 or (opcode == 0xF6 and modrm >> 3 & 6 == 0):
        return 1
    if opcode in _IMMZ or (opcode == 0xF7 and modrm >> 3 & 6 == 0):
        if 0xB8 <= opcode <= 0xBF and rex & 8:
            return 8
        return 2 if narrow and opcode not in (0xE8, 0xE9) else 4
    if 0xA0 <= opcode <= 0xA3:
        return 8 if wide else 4
    return {0xC2: 2, 0xC8: 3}.get(opcode, 0)


def _modrm(data: bytes, at: int, rex: int, wide: bool) -> tuple[tuple[int, int, int] | None, int]:
    modrm = data[at]
    at += 1
    mod, base, index = modrm >> 6, modrm & 7, -1
    if mod == 3:
        return None, at
    if base == 4:
        sib = data[at]
        at += 1
        base, index = sib & 7, (sib >> 3 & 7) | (rex & 2) << 2
        index = -1 if index == 4 else index
        none = mod == 0 and base == 5
    else:
        none = mod == 0 and base == 5
        if none and wide:
            return (16, -1, int.from_bytes(_take(data, at, 4), "little", signed=True)), at + 4
    width = 1 if mod == 1 else 4 if mod == 2 or none else 0
    shift = int.from_bytes(_take(data, at, width), "little", signed=True)
    return (-1 if none else base | (rex & 1) << 3, index, shift), at + width


def _take(data: bytes, at: int, width: int) -> bytes:
    if at + width > len(data):
        raise IndexError(at)
    return data[at : at + width]


def _vex(data: bytes, start: int, at: int, opcode: int, rex: int) -> Instruction | None:
    """Vector instructions: only their length matters."""
    at += 1 if opcode == 0xC5 else 2
    low, at = data[at], at + 1
    memory, at = _modrm(data, at, 0, True)
    at += low in _0F_IMM8
    return Instruction(start, at - start, 0xF3800 | low, data[at - 1], memory, 0, rex, 0, False)
