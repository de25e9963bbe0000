"""PE by headers that agree with each other; ``MZ`` alone never decides.

Layouts: Microsoft, "PE Format"; ECMA-335 partition II, section 24 and 25 for .NET. A reader of
its own rather than a library: it must accept what loaders in memory accept (wiped magic, no
DOS header, sections at their virtual addresses, only a head) and cost nothing at start-up.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from triage.content.identity import Identity
from triage.content.measure import block_entropy
from triage.model import Confidence
from triage.records import dataclass

_MACHINES = {
    0x14C: "x86",
    0x8664: "x86-64",
    0xAA64: "arm64",
    0x1C0: "arm",
    0x1C2: "arm",
    0x1C4: "arm",
    0x200: "ia64",
    0xEBC: "efi bytecode",
    0xA641: "arm64",
    0xA64E: "arm64",
    0x5032: "riscv",
    0x5064: "riscv",
}
_WIDE = frozenset({0x8664, 0xAA64, 0x200, 0xA641, 0xA64E, 0x5064})
_MOST_SECTIONS = 96
_PACKED_BITS = 7.2
_SEARCHED = 1024
_PACKER_SECTIONS = (
    b"UPX0",
    b"UPX1",
    b".aspack",
    b".adata",
    b".MPRESS1",
    b".petite",
    b".vmp0",
    b".vmp1",
    b".themida",
    b".nsp0",
    b".enigma1",
)


@dataclass(frozen=True, slots=True)
class _Section:
    name: bytes
    virtual_size: int
    address: int
    raw_size: int
    raw: int
    flags: int


@dataclass(frozen=True, slots=True)
class _Headers:
    machine: int
    wide: bool
    characteristics: int
    entry: int
    image_size: int
    headers_size: int
    subsystem: int
    directories: tuple[tuple[int, int], ...]
    sections: tuple[_Section, ...]
    sections_seen: bool


def identify_pe(data: bytes, size: int) -> Identity | None:
    """A PE file with its magic, or its head when ``size`` says that there is more."""
    if len(data) < 64:
        return None
    (offset,) = struct.unpack_from("<I", data, 60)
    if data[offset : offset + 4] == b"PE\0\0":
        headers = _headers(data, offset + 4)
        if headers is None:
            return _cut_short(data, size, offset)
        return _describe(data, size, headers, [])
    if offset + 24 > len(data) and size > len(data):
        return _dos_head(data, size, offset)
    headers = _headers(data, offset + 4) if 64 <= offset < _SEARCHED else None
    if headers is not None and headers.sections_seen and headers.sections:
        return _describe(data, size, headers, ["wiped-header"])
    return None


def identify_dos(data: bytes, size: int) -> Identity | None:
    """An old DOS program: the sizes in its header fit together and fit the bytes."""
    if len(data) < 64:
        return None
    last, pages, relocations, paragraphs, least, most = struct.unpack_from("<6H", data, 2)
    (table,) = struct.unpack_from("<H", data, 24)
    image = (pages - 1) * 512 + (last or 512)
    fits = paragraphs >= 2 and paragraphs * 16 < image <= size and last < 512
    where = table >= 28 and table + 4 * relocations <= paragraphs * 16
    if fits and where and least <= most and image > 512:
        return Identity("dos", "DOS program", Confidence.MODERATE, ("executable",), image)
    return None


def identify_wiped_pe(data: bytes, size: int) -> Identity | None:
    """A PE without ``MZ``, without ``PE``, or with neither, known by what is left."""
    if len(data) < 128:
        return None
    for offset in _nt_candidates(data):
        headers = _headers(data, offset)
        if headers is not None and headers.sections_seen and headers.sections:
            return _describe(data, size, headers, ["wiped-header"])
    sections = _orphan_sections(data)
    if sections is not None:
        detail = "sections " + ", ".join(_text(one.name) for one in sections)
        return Identity("pe", detail, Confidence.MODERATE, ("wiped-header",))
    return None


def _nt_candidates(data: bytes) -> Iterator[int]:
    """Where a COFF file header may begin though the way to it was wiped."""
    if data.startswith(b"PE\0\0"):
        yield 4
    (offset,) = struct.unpack_from("<I", data, 60)
    if 64 <= offset < _SEARCHED:
        yield offset + 4
    found = data.find(b"PE\0\0", 0, _SEARCHED)
    if found >= 0:
        yield found + 4
    text = data.find(b".text\0\0\0", 128, _SEARCHED)
    if text >= 0:
        yield text - 0xF0 - 20
        yield text - 0xE0 - 20


def _orphan_sections(data: bytes) -> tuple[_Section, ...] | None:
    """A section table whose file header is gone: at least three rows that fit each other."""
    start = data.find(b".text\0\0\0", 0, _SEARCHED)
    if start < 0:
        return None
    rows = []
    for offset in range(start, min(start + 40 * 16, len(data) - 40), 40):
        row = _section(data, offset)
        if not row.name.startswith(b"."):
            break
        rows.append(row)
    code = bool(rows) and rows[0].flags & 0x60000020 == 0x60000020
    return tuple(rows) if code and len(rows) >= 3 and _ordered(rows) else None


def _cut_short(data: bytes, size: int, offset: int) -> Identity | None:
    """The bytes end within the optional header: magics, machine and counts must do."""
    if size <= len(data) or not offset + 24 <= len(data) < offset + 24 + 128:
        return None
    machine, count = struct.unpack_from("<HH", data, offset + 4)
    (optional,) = struct.unpack_from("<H", data, offset + 20)
    if machine not in _MACHINES or not 0 < count <= _MOST_SECTIONS or not 96 <= optional <= 512:
        return None
    return Identity("pe", _MACHINES[machine], Confidence.MODERATE, ("headers-only",))


def _dos_head(data: bytes, size: int, offset: int) -> Identity | None:
    """Only the DOS header was seen: it must be the one that linkers write."""
    if not 64 <= offset < size - 24 or offset % 4:
        return None
    if b"DOS mode" not in data and data[24:26] != b"\x40\0":
        return None
    return Identity("pe", "DOS header only", Confidence.MODERATE, ("headers-only",))


def _headers(data: bytes, offset: int) -> _Headers | None:
    """The headers from the COFF file header on, when they agree with each other."""
    if offset < 0 or offset + 20 + 96 > len(data):
        return None
    machine, count, _time, _symbols, _n, optional, flags = struct.unpack_from(
        "<HHIIIHH", data, offset
    )
    if machine not in _MACHINES or not 0 < count <= _MOST_SECTIONS:
        return None
    start = offset + 20
    (magic,) = struct.unpack_from("<H", data, start)
    wide = magic == 0x20B
    if magic not in (0x10B, 0x20B) or wide != (machine in _WIDE) or optional < 96:
        return None
    fields = _optional(data, start, wide)
    if fields is None:
        return None
    entry, image_size, headers_size, subsystem, directories = fields
    sections = tuple(
        _section(data, row)
        for row in range(start + optional, start + optional + count * 40, 40)
        if row + 40 <= len(data)
    )
    if not _ordered(sections):
        return None
    return _Headers(
        machine,
        wide,
        flags,
        entry,
        image_size,
        headers_size,
        subsystem,
        directories,
        sections,
        len(sections) == count,
    )


_Optional = tuple[int, int, int, int, tuple[tuple[int, int], ...]]


def _optional(data: bytes, start: int, wide: bool) -> _Optional | None:
    """Entry, image size, headers size, subsystem and directories, when they are sane."""
    table = start + (112 if wide else 96)
    if table > len(data):
        return None
    (entry,) = struct.unpack_from("<I", data, start + 16)
    section_align, file_align = struct.unpack_from("<II", data, start + 32)
    image_size, headers_size = struct.unpack_from("<II", data, start + 56)
    (subsystem,) = struct.unpack_from("<H", data, start + 68)
    (rows,) = struct.unpack_from("<I", data, table - 4)
    powers = _power(section_align) and _power(file_align) and file_align <= section_align
    if not powers or file_align > 65536 or entry >= image_size or subsystem > 32:
        return None
    if not 0 < image_size < 1 << 31 or headers_size > image_size:
        return None
    rows = min(rows, 16, (len(data) - table) // 8)
    pairs = struct.iter_unpack("<II", data[table : table + rows * 8])
    return entry, image_size, headers_size, subsystem, tuple((a, b) for a, b in pairs)


def _power(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0


def _section(data: bytes, offset: int) -> _Section:
    name, virtual, address, raw_size, raw, _r, _l, _nr, _nl, flags = struct.unpack_from(
        "<8sIIIIIIHHI", data, offset
    )
    return _Section(name.rstrip(b"\0"), virtual, address, raw_size, raw, flags)


def _ordered(sections: tuple[_Section, ...] | list[_Section]) -> bool:
    """Sections ascend in memory and do not overlap (the loader insists)."""
    end = 0
    for one in sections:
        if one.address < end or one.address == 0 or one.address >= 1 << 31:
            return False
        end = one.address + 1
    return True


def _describe(data: bytes, size: int, headers: _Headers, traits: list[str]) -> Identity:
    machine = _MACHINES[headers.machine]
    known = [machine] if machine in ("x86", "x86-64", "arm", "arm64") else []
    traits = ["64-bit" if headers.wide else "32-bit", *known, *traits, _role(headers)]
    traits += _dotnet(data, headers)
    exports = _exports(data, headers)
    if _loads_itself(data, exports):
        traits.append("reflective-loader")
    dense = _dense_sections(data, headers)
    traits += _packing(headers, dense)
    length = _length(headers)
    traits += _extent(data, size, length, headers)
    detail = _detail(machine, headers, traits, exports, dense)
    wiped = "wiped-header" in traits
    confidence = Confidence.MODERATE if wiped else Confidence.STRONG
    return Identity("pe", detail, confidence, tuple(traits), length)


def _role(headers: _Headers) -> str:
    if headers.characteristics & 0x2000:
        return "library"
    return "driver" if headers.subsystem == 1 else "executable"


def _detail(
    machine: str,
    headers: _Headers,
    traits: list[str],
    exports: tuple[str, ...],
    dense: tuple[tuple[str, float], ...],
) -> str:
    kinds = {"library": "DLL", "driver": "driver", "executable": "executable"}
    words = [machine, kinds[_role(headers)]]
    words += [".NET"] if "dotnet" in traits else []
    words += [word for word in ("upx", "packed") if word in traits][:1]
    words += ["magic wiped"] if "wiped-header" in traits else []
    loaders = [name for name in exports if _is_loader(name)]
    words += [f"exports {loaders[0]}"] if loaders else []
    words += [f"{name} {bits:.1f} bits per byte" for name, bits in dense[:2]]
    return ", ".join(words)


def _extent(data: bytes, size: int, length: int | None, headers: _Headers) -> list[str]:
    if not headers.sections_seen:
        return ["headers-only" if size > len(data) else "truncated"]
    if length is None:
        return []
    if length > size:
        return ["truncated"]
    found = ["overlay"] if length < size else []
    return found + (["headers-only"] if size > len(data) else [])


def _length(headers: _Headers) -> int | None:
    """The end of the last section's bytes, or of the signatures behind them."""
    if not headers.sections_seen:
        return None
    ends = [one.raw + one.raw_size for one in headers.sections if one.raw_size]
    if len(headers.directories) > 4 and headers.directories[4][0]:
        ends.append(sum(headers.directories[4]))
    return max(ends, default=headers.headers_size)


def _at(data: bytes, headers: _Headers, address: int, mapped: bool) -> int | None:
    """Where the bytes at an image address lie: in a file, or in an image already mapped."""
    if mapped:
        return address if address < len(data) else None
    if address < headers.headers_size:
        return address
    for one in headers.sections:
        if one.address <= address < one.address + max(one.raw_size, one.virtual_size):
            place = address - one.address + one.raw
            return place if place < len(data) else None
    return None


def _dotnet(data: bytes, headers: _Headers) -> list[str]:
    """The CLI header's size field is always 72 (ECMA-335 II.25.3.3); unseen, it is believed."""
    if len(headers.directories) < 15 or headers.directories[14][0] == 0:
        return []
    address, size = headers.directories[14]
    if size != 72:
        return []
    seen = [
        data[at : at + 4]
        for mapped in (False, True)
        if (at := _at(data, headers, address, mapped)) is not None
    ]
    return ["dotnet"] if not seen or b"\x48\0\0\0" in seen else []


def _exports(data: bytes, headers: _Headers) -> tuple[str, ...]:
    """Names that the image exports, at most 4096."""
    if not headers.directories or headers.directories[0][0] == 0:
        return ()
    for mapped in (False, True):
        names = _export_names(data, headers, mapped)
        if names:
            return names
    return ()


def _export_names(data: bytes, headers: _Headers, mapped: bool) -> tuple[str, ...]:
    table = _at(data, headers, headers.directories[0][0], mapped)
    if table is None or table + 40 > len(data):
        return ()
    count, _functions, names = struct.unpack_from("<III", data, table + 24)
    rows = _at(data, headers, names, mapped)
    if rows is None or not 0 < count <= 65536:
        return ()
    found = []
    whole = data[rows : rows + 4 * min(count, 4096)]
    for (address,) in struct.iter_unpack("<I", whole[: len(whole) // 4 * 4]):
        at = _at(data, headers, address, mapped)
        name = b"" if at is None else data[at : at + 128].split(b"\0", 1)[0]
        if not name or not name.isascii() or not name.decode("ascii").isprintable():
            return ()
        found.append(name.decode("ascii"))
    return tuple(found)


_LOADER_NAMES = ("reflectiveload", "reflective_load", "reflectivedll", "loadlibraryr")


def _is_loader(name: str) -> bool:
    low = name.lower()
    return any(word in low for word in _LOADER_NAMES)


def _loads_itself(data: bytes, exports: tuple[str, ...]) -> bool:
    """An exported loader, or a DOS header that was made into code which calls one.

    Such headers begin with instructions that leave ``MZ`` harmless: ``pop r10``/``push r10``
    or a call to the next instruction, in place of the linker's constants.
    """
    if any(_is_loader(name) for name in exports):
        return True
    head = data[2:8]
    return (
        head.startswith((b"\xe8\0\0\0\0", b"ARUH", b"AR", b"REU")) or head[1:6] == b"\xe8\0\0\0\0"
    )


def _dense_sections(data: bytes, headers: _Headers) -> tuple[tuple[str, float], ...]:
    """Code sections of compressed or encrypted density: name and bits per byte."""
    found = []
    for one in headers.sections[:16]:
        middle = one.raw + one.raw_size // 2
        block = data[middle : middle + 2048]
        if one.raw_size >= 4096 and len(block) == 2048 and one.flags & 0x20000020:
            bits = block_entropy(block)
            if bits > _PACKED_BITS:
                found.append((_text(one.name), bits))
    return tuple(found)


def _packing(headers: _Headers, dense: tuple[tuple[str, float], ...]) -> list[str]:
    names = {one.name for one in headers.sections}
    if {b"UPX0", b"UPX1"} <= names:
        return ["packed", "upx"]
    if dense or any(name in names for name in _PACKER_SECTIONS):
        return ["packed"]
    return []


def _text(name: bytes) -> str:
    return name.decode("ascii", "replace")
