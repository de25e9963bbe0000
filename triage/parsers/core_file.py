"""ELF core files: what crashed, which files its memory was mapped from, where each segment lies.

core(5), elf(5); the notes are those of the kernel's fs/binfmt_elf.c. Only 64-bit and 32-bit cores
of either byte order; the bytes come in ranges that the caller was told to fetch.
"""

from __future__ import annotations

import struct

from triage.parsers import Malformed
from triage.records import dataclass

HEAD = 256 << 10
_PT_LOAD, _PT_NOTE, _ET_CORE = 1, 4, 4
_NT_PRPSINFO, _NT_AUXV, _NT_FILE, _NT_SIGINFO = 3, 6, 0x46494C45, 0x53494749
_SYSINFO_EHDR = 33
_SEGMENTS_MAX, _NOTES_MAX, _FILES_MAX = 60_000, 4096, 60_000


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of memory in the file. ``size`` is what was written, ``memory`` its whole length."""

    start: int
    memory: int
    offset: int
    size: int
    executable: bool
    path: str = ""
    path_offset: int = 0


@dataclass(frozen=True, slots=True)
class Core:
    """A core file's notes and segments."""

    command: str
    arguments: str
    pid: int | None
    uid: int | None
    signal: int | None
    files: tuple[str, ...]
    segments: tuple[Segment, ...]
    vdso: int | None


@dataclass(frozen=True, slots=True)
class Layout:
    """What the headers say: where the notes and the segments are."""

    little: bool
    wide: bool
    notes: tuple[tuple[int, int], ...]
    segments: tuple[Segment, ...]


def parse_layout(head: bytes) -> Layout:
    """From the first bytes (:data:`HEAD` of them); raises :class:`Malformed`."""
    if len(head) < 64 or not head.startswith(b"\x7fELF") or head[4] not in (1, 2):
        raise Malformed("not an ELF file")
    wide, little = head[4] == 2, head[5] == 1
    order = "<" if little else ">"
    if struct.unpack_from(order + "H", head, 16)[0] != _ET_CORE:
        raise Malformed("an ELF file, but no core")
    (where,) = struct.unpack_from(order + ("Q" if wide else "I"), head, 32 if wide else 28)
    each, count = struct.unpack_from(order + "HH", head, 54 if wide else 42)
    shape = struct.Struct(order + ("IIQQQQQQ" if wide else "IIIIIIII"))
    if each != shape.size:
        raise Malformed("program headers of an unknown size")
    notes, segments = [], []
    for number in range(min(count, _SEGMENTS_MAX)):
        at = where + number * each
        if at + each > len(head):
            break
        row = shape.unpack_from(head, at)
        kind, flags, offset, start, size, memory = (
            (row[0], row[1], row[2], row[3], row[5], row[6]) if wide
            else (row[0], row[6], row[1], row[2], row[4], row[5])
        )  # fmt: skip
        if kind == _PT_NOTE:
            notes.append((offset, size))
        elif kind == _PT_LOAD:
            segments.append(Segment(start, memory, offset, size, bool(flags & 1)))
    return Layout(little, wide, tuple(notes), tuple(segments))


def parse_core(layout: Layout, notes: bytes) -> Core:
    """From the layout and the bytes of the note segments. Total: bad notes are left out."""
    order = "<" if layout.little else ">"
    found: dict[int, bytes] = {}
    at = count = 0
    while at + 12 <= len(notes) and count < _NOTES_MAX:
        count += 1
        name, size, kind = struct.unpack_from(order + "III", notes, at)
        body = at + 12 + (name + 3 & ~3)
        if name > 64 or body + size > len(notes):
            break
        found.setdefault(kind, notes[body : body + size])
        at = body + (size + 3 & ~3)
    command, arguments, pid, uid = _process(found.get(_NT_PRPSINFO, b""), order, layout.wide)
    files = _files(found.get(_NT_FILE, b""), order, layout.wide)
    signal = found.get(_NT_SIGINFO, b"")
    return Core(
        command, arguments, pid, uid,
        struct.unpack_from(order + "i", signal)[0] if len(signal) >= 4 else None,
        tuple(dict.fromkeys(path for *_, path in files)),
        tuple(_named(segment, files) for segment in layout.segments),
        _auxiliary(found.get(_NT_AUXV, b""), order, layout.wide),
    )  # fmt: skip


def _process(data: bytes, order: str, wide: bool) -> tuple[str, str, int | None, int | None]:
    """NT_PRPSINFO: struct elf_prpsinfo of include/linux/elfcore.h."""
    place = 40 if wide else 28
    if len(data) < place + 96:
        return "", "", None, None
    uid, _, pid = struct.unpack_from(order + "III", data, 16) if wide else (None, None, None)
    name = data[place : place + 16].split(b"\0")[0]
    words = data[place + 16 : place + 96].split(b"\0")[0]
    return _text(name), _text(words).strip(), pid, uid


def _files(data: bytes, order: str, wide: bool) -> list[tuple[int, int, int, str]]:
    """NT_FILE: (start, end, offset in bytes, path)."""
    code, width = ("Q", 8) if wide else ("I", 4)
    if len(data) < 2 * width:
        return []
    count, page = struct.unpack_from(f"{order}2{code}", data)
    if count > _FILES_MAX or len(data) < (2 + 3 * count) * width:
        return []
    numbers = struct.unpack_from(f"{order}{3 * count}{code}", data, 2 * width)
    names = data[(2 + 3 * count) * width :].split(b"\0")
    return [
        (numbers[3 * i], numbers[3 * i + 1], numbers[3 * i + 2] * page, _text(names[i]))
        for i in range(min(count, len(names)))
    ]


def _named(segment: Segment, files: list[tuple[int, int, int, str]]) -> Segment:
    for start, end, offset, path in files:
        if start <= segment.start < end:
            return Segment(segment.start, segment.memory, segment.offset, segment.size,
                           segment.executable, path, offset + segment.start - start)  # fmt: skip
    return segment


def _auxiliary(data: bytes, order: str, wide: bool) -> int | None:
    code, width = ("Q", 16) if wide else ("I", 8)
    for at in range(0, min(len(data), 4096) - width + 1, width):
        key, value = struct.unpack_from(f"{order}2{code}", data, at)
        if key == _SYSINFO_EHDR:
            return int(value)
    return None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
