"""ELF by its validated headers: the magic alone never decides.

What is required follows what Linux itself requires before it runs a file (``load_elf_binary``
in fs/binfmt_elf.c: type, machine, program header size and count); what it ignores, a forger
may have wiped. Field layouts: System V gABI, chapter 4 and 5.
"""

from __future__ import annotations

import struct
from itertools import pairwise

from triage.content.identity import Identity
from triage.content.measure import block_entropy
from triage.model import Confidence
from triage.records import dataclass

_MACHINES = {
    2: "sparc",
    3: "x86",
    4: "m68k",
    8: "mips",
    15: "parisc",
    18: "sparc",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    42: "sh",
    43: "sparc64",
    50: "ia64",
    62: "x86-64",
    93: "arc",
    94: "xtensa",
    183: "arm64",
    189: "microblaze",
    195: "arc",
    224: "amdgpu",
    243: "riscv",
    247: "eBPF",
    252: "csky",
    258: "loongarch",
    0x9026: "alpha",
}
_TYPES = {1: "relocatable object", 2: "executable", 3: "shared object", 4: "core dump"}
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_NOTE = 1, 2, 3, 4
_DT_NEEDED, _DT_SONAME, _DT_FLAGS_1, _DF_1_PIE = 1, 14, 0x6FFFFFFB, 0x08000000
_LARGEST = 1 << 48
_MOST_SEGMENTS = 512
#: Compressed code has more than this many bits per byte; compiled code has about 6.
_PACKED_BITS = 7.3


@dataclass(frozen=True, slots=True)
class _Header:
    wide: bool
    order: str
    type: int
    machine: int
    entry: int
    phoff: int
    shoff: int
    ehsize: int
    phentsize: int
    phnum: int
    shentsize: int
    shnum: int


@dataclass(frozen=True, slots=True)
class _Segment:
    type: int
    flags: int
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int


def identify_elf(data: bytes, size: int) -> Identity | None:
    """An ELF file, or its head when ``size`` says that there is more."""
    header = _header(data)
    if header is None:
        return None
    segments = _segments(data, header)
    if not _plausible(header, segments, len(data), size):
        return None
    return _describe(data, size, header, segments)


def identify_wiped_elf(data: bytes, size: int) -> Identity | None:
    """An ELF whose magic was overwritten after loading, known by the rest of its header."""
    if not may_be_wiped_elf(data) or data.startswith(b"\x7fELF"):
        return None
    wide = data[52:56] == b"\x40\0\x38\0"
    repaired = b"\x7fELF" + (b"\x02" if wide else b"\x01") + b"\x01\x01" + data[7:]
    header = _header(repaired)
    if header is None or header.type not in _TYPES:
        return None
    segments = _segments(repaired, header)
    if segments is None or not _plausible(header, segments, len(data), size):
        return None
    found = _describe(repaired, size, header, segments)
    return Identity(
        "elf", found.detail, Confidence.MODERATE, (*found.traits, "wiped-header"), found.length
    )


def may_be_wiped_elf(data: bytes) -> bool:
    """The cheap look: header sizes and version where a little-endian ELF has them."""
    if data[20:24] != b"\1\0\0\0":
        return False
    return data[52:56] == b"\x40\0\x38\0" or data[40:44] == b"\x34\0\x20\0"


def _header(data: bytes) -> _Header | None:
    if len(data) < 52 or data[4] not in (1, 2) or data[5] not in (1, 2):
        return None
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    if wide and len(data) < 64:
        return None
    shape = "HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"
    values = struct.unpack_from(order + shape, data, 16)
    kind, machine, _version, entry, phoff, shoff, _flags, ehsize, phentsize = values[:9]
    phnum, shentsize, shnum = values[9:12]
    return _Header(
        wide, order, kind, machine, entry, phoff, shoff, ehsize, phentsize, phnum, shentsize, shnum
    )


def _segments(data: bytes, header: _Header) -> tuple[_Segment, ...] | None:
    """The program headers; ``None`` when the bytes end before them."""
    size = 56 if header.wide else 32
    count = min(header.phnum, _MOST_SEGMENTS)
    if header.phentsize != size or header.phoff + count * size > len(data):
        return None
    rows = struct.Struct(header.order + ("IIQQQQQQ" if header.wide else "IIIIIIII"))
    found = []
    for index in range(count):
        row = rows.unpack_from(data, header.phoff + index * size)
        if header.wide:
            kind, flags, offset, vaddr, _paddr, filesz, memsz, align = row
        else:
            kind, offset, vaddr, _paddr, filesz, memsz, flags, align = row
        found.append(_Segment(kind, flags, offset, vaddr, filesz, memsz, align))
    return tuple(found)


def _plausible(
    header: _Header, segments: tuple[_Segment, ...] | None, have: int, size: int
) -> bool:
    if header.type not in _TYPES and header.type < 0xFE00:
        return False
    if header.machine not in _MACHINES or (
        header.machine == 62 and not header.wide and _odd(header)
    ):
        return False
    if header.type == 1:
        return _sections_plausible(header, size)
    size_of_row = 56 if header.wide else 32
    if header.phentsize != size_of_row or not 0 < header.phnum <= 0xFFFF:
        return False
    if header.phoff < 4 or header.phoff + size_of_row > max(size, have):
        return False
    if segments is None:
        # The bytes stop before the program headers: the header must then be fully regular.
        return header.ehsize == (64 if header.wide else 52)
    return _segments_plausible(header, segments)


def _odd(header: _Header) -> bool:
    """x32 programs are 32-bit ELF for x86-64; anything else with that mix is not ELF."""
    return header.phentsize not in (0, 32)


def _sections_plausible(header: _Header, size: int) -> bool:
    row = 64 if header.wide else 40
    if header.shentsize != row or header.ehsize != (64 if header.wide else 52):
        return False
    return header.shoff >= header.ehsize and header.shoff < _LARGEST and header.shnum > 0


def _segments_plausible(header: _Header, segments: tuple[_Segment, ...]) -> bool:
    loads = [one for one in segments if one.type == _PT_LOAD]
    if header.type == 4:
        return all(one.align & (one.align - 1) == 0 for one in segments)
    if not loads:
        return False
    sane = [
        one
        for one in loads
        if one.filesz <= one.memsz < _LARGEST
        and one.align & (one.align - 1) == 0
        and one.offset < _LARGEST
    ]
    if len(sane) != len(loads):
        return False
    # System V gABI: PT_LOAD entries appear in ascending order of p_vaddr.
    return len(loads) == 1 or all(a.vaddr <= b.vaddr for a, b in pairwise(loads))


def _describe(
    data: bytes, size: int, header: _Header, segments: tuple[_Segment, ...] | None
) -> Identity:
    traits = ["64-bit" if header.wide else "32-bit"]
    machine = _MACHINES[header.machine]
    if machine in ("x86", "x86-64", "arm", "arm64"):
        traits.append(machine)
    length = _length(header, segments)
    if header.shoff == 0 or header.shnum == 0 or header.shoff >= max(size, len(data)):
        traits.append("no-sections")
    traits += _linkage(data, header, segments or ())
    traits += _role(data, header, traits)
    traits += _packing(data, header, segments or ())
    if header.type != 1 and b"\x04\0\0\0Go\0\0" in data[:8192]:
        traits.append("go")
    if length is not None and length > size:
        traits.append("truncated")
    elif size > len(data):
        traits.append("headers-only")
    if length is not None and length < size:
        traits.append("overlay")
    kind = _TYPES.get(header.type, "OS-specific type")
    words = [machine, kind, *(t for t in traits if t in _TOLD)]
    return Identity("elf", ", ".join(words), Confidence.STRONG, tuple(traits), length)


_TOLD = frozenset({"static", "dynamic", "packed", "upx", "no-sections", "go", "kernel-module"})


def _length(header: _Header, segments: tuple[_Segment, ...] | None) -> int | None:
    """Where the last thing that the headers name ends; ``None`` when not all are seen."""
    if segments is None or (header.type == 1 and header.shoff == 0):
        return None
    ends = [one.offset + one.filesz for one in segments if one.filesz and one.type != 0]
    ends.append(header.shoff + header.shnum * header.shentsize)
    return max(ends)


def _linkage(data: bytes, header: _Header, segments: tuple[_Segment, ...]) -> list[str]:
    if header.type not in (2, 3) or not segments:
        return []
    kinds = {one.type for one in segments}
    if _PT_INTERP in kinds:
        return ["dynamic", "executable"]
    if _PT_DYNAMIC not in kinds:
        return ["static"]
    tags = _dynamic(data, header, segments)
    if tags is None:
        return ["dynamic"] if header.entry == 0 else []
    if _DT_NEEDED not in tags and (tags.get(_DT_FLAGS_1, 0) & _DF_1_PIE):
        return ["static", "executable"]
    return ["dynamic"]


def _dynamic(data: bytes, header: _Header, segments: tuple[_Segment, ...]) -> dict[int, int] | None:
    """The dynamic section's tags, the last of each; ``None`` when it is not in the bytes."""
    segment = next(one for one in segments if one.type == _PT_DYNAMIC)
    table = data[segment.offset : segment.offset + min(segment.filesz, 16384)]
    rows = struct.Struct(header.order + ("qQ" if header.wide else "iI"))
    if len(table) < rows.size:
        return None
    whole = len(table) // rows.size * rows.size
    return {tag & 0xFFFFFFFF: value for tag, value in rows.iter_unpack(table[:whole])}


def _role(data: bytes, header: _Header, traits: list[str]) -> list[str]:
    if header.type == 1:
        module = b".gnu.linkonce.this_module" in data or b".modinfo\0" in data
        return ["object", "kernel-module"] if module else ["object"]
    if header.type == 4:
        return ["core"]
    if header.type == 2:
        return [] if "executable" in traits else ["executable"]
    if header.type == 3 and "executable" not in traits:
        return ["executable"] if "static" in traits else ["library"]
    return []


def _packing(data: bytes, header: _Header, segments: tuple[_Segment, ...]) -> list[str]:
    """UPX by its own header (l_info, right after the program headers), others by density."""
    if header.type not in (2, 3) or not segments:
        return []
    after = header.phoff + header.phnum * header.phentsize
    if b"UPX!" in data[after : after + 256] or b"UPX!" in data[-64:]:
        return ["packed", "upx"]
    code = [one for one in segments if one.type == _PT_LOAD and one.flags & 1]
    largest = max(code, key=lambda one: one.filesz, default=None)
    if largest is None or largest.filesz < 4096:
        return []
    middle = largest.offset + largest.filesz // 2
    block = data[middle : middle + 2048]
    return ["packed"] if len(block) >= 2048 and block_entropy(block) > _PACKED_BITS else []
