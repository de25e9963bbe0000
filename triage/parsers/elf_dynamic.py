"""What the dynamic linker did to an ELF image: which words it filled, and for which symbols.

Pure: the image is read through a function ``read(offset, size) -> bytes`` that the caller gives.
Layouts: System V gABI (chapter 5, dynamic linking) and the processor supplements for the numbers
of the relocations; DT_GNU_HASH: binutils, bfd/elflink.c.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from triage.parsers import Malformed

Read = Callable[[int, int], bytes]

_SEGMENTS_MAX, _TAGS_MAX = 128, 4096
_RELOCATIONS_MAX = 400_000
_SYMBOLS_MAX, _NAMES_MAX = 400_000, 64 << 20
_PT_LOAD, _PT_DYNAMIC = 1, 2
_PLTRELSZ, _HASH, _STRTAB, _SYMTAB, _RELA, _RELASZ = 2, 4, 5, 6, 7, 8
_STRSZ, _REL, _RELSZ, _PLTREL, _TEXTREL, _JMPREL, _FLAGS = 10, 17, 18, 20, 22, 23, 30
_GNU_HASH, _RELACOUNT, _RELCOUNT = 0x6FFFFEF5, 0x6FFFFFF9, 0x6FFFFFFA
_DF_TEXTREL = 4
JUMP, DATA, RESOLVED = "jump", "data", "resolved"
# machine -> relocation -> what it fills: a slot of a function (JUMP_SLOT), a word of the global
# offset table (GLOB_DAT), or what an indirect function's resolver gave (IRELATIVE).
_SLOTS = {
    3: {7: JUMP, 6: DATA, 42: RESOLVED},
    62: {7: JUMP, 6: DATA, 37: RESOLVED},
    40: {22: JUMP, 21: DATA, 160: RESOLVED},
    183: {1026: JUMP, 1025: DATA, 1032: RESOLVED},
}
# Relocations of 32 bits in images of 64: R_X86_64_PC32, _PLT32, _32, _32S; R_AARCH64_ABS32, PREL32.
_SHORT = {62: frozenset({2, 4, 10, 11}), 183: frozenset({258, 261})}
_IFUNC = 10


class Segment(NamedTuple):
    """A PT_LOAD: where it lies in the file and where it was linked to lie in memory."""

    offset: int
    address: int
    filled: int
    size: int
    flags: int


class Slot(NamedTuple):
    """A word that the linker fills: its linked address, what it is for, its symbol's number."""

    address: int
    what: str
    symbol: int


class Symbol(NamedTuple):
    """A defined dynamic symbol. ``indirect``: its value is that of a resolver (STT_GNU_IFUNC)."""

    value: int
    indirect: bool


class Layout(NamedTuple):
    """How an image lies in memory: its word size, its machine, its segments."""

    wide: bool
    machine: int
    segments: tuple[Segment, ...]

    def bias(self, start: int, offset: int, page: int) -> int | None:
        """What was added to linked addresses where the file's ``offset`` is mapped at ``start``.

        ``None`` when no segment has that place of the file.
        """
        for segment in self.segments:
            if segment.offset // page * page == offset:
                return start - segment.address // page * page
        for segment in self.segments:  # a part of one, which was protected otherwise
            if segment.offset <= offset < segment.offset + segment.filled:
                return start - (segment.address + offset - segment.offset)
        return None

    @property
    def low(self) -> int:
        """The lowest linked address."""
        return min((s.address for s in self.segments), default=0)

    @property
    def high(self) -> int:
        """The linked address behind the last segment."""
        return max((s.address + s.size for s in self.segments), default=0)


class Linkage:
    """The dynamic section of one image. Raises :class:`Malformed` for what is no such image."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._dynamic_at: tuple[int, int] | None = None
        self.layout = self._header()
        self._tags = self._dynamic()
        self.relocates_text = _TEXTREL in self._tags or bool(
            self._tags.get(_FLAGS, 0) & _DF_TEXTREL
        )

    # --- the image ------------------------------------------------------------------------

    def _header(self) -> Layout:
        head = self._read(0, 64)
        if len(head) < 64 or head[:4] != b"\x7fELF" or head[4] not in (1, 2) or head[5] != 1:
            raise Malformed("no little-endian ELF image")
        wide = head[4] == 2
        place = struct.unpack_from("<Q", head, 32)[0] if wide else _word(head, 28)
        size, count = struct.unpack_from("<HH", head, 54 if wide else 42)
        if size < (56 if wide else 32):
            raise Malformed("ELF: program headers that are too small")
        table = self._read(place, size * min(count, _SEGMENTS_MAX))
        segments = []
        for at in range(0, len(table) - size + 1, size):
            if wide:
                kind, flags, *numbers = struct.unpack_from("<II5Q", table, at)
                offset, address, _, filled, memory = numbers
            else:
                kind, offset, address, _, filled, memory, flags = struct.unpack_from(
                    "<7I", table, at
                )
            if kind == _PT_LOAD:
                segments.append(Segment(offset, address, filled, memory, flags))
            elif kind == _PT_DYNAMIC:
                self._dynamic_at = (offset, filled)
        return Layout(wide, struct.unpack_from("<H", head, 18)[0], tuple(segments))

    def _dynamic(self) -> dict[int, int]:
        if self._dynamic_at is None:
            return {}
        offset, size = self._dynamic_at
        form = "<QQ" if self.layout.wide else "<II"
        step = struct.calcsize(form)
        data = self._read(offset, min(size, _TAGS_MAX * step))
        tags: dict[int, int] = {}
        for tag, value in struct.iter_unpack(form, data[: len(data) // step * step]):
            if tag == 0:
                break
            tags[tag] = value
        return tags

    def _at(self, address: int, size: int) -> bytes:
        """Bytes at a linked address, by the file."""
        for segment in self.layout.segments:
            if segment.address <= address < segment.address + segment.filled:
                inside = address - segment.address
                return self._read(segment.offset + inside, min(size, segment.filled - inside))
        return b""

    # --- what the linker fills --------------------------------------------------------------

    def slots(self) -> list[Slot]:
        """The words of the global offset table that it fills with addresses of code or data."""
        kinds = _SLOTS.get(self.layout.machine, {})
        with_addend = _RELA in self._tags
        plain = self._tags.get(_RELACOUNT if with_addend else _RELCOUNT, 0)
        both = (
            *self._relocations(self._tags.get(_PLTREL) != _REL, True, 0),
            *self._relocations(with_addend, False, plain),
        )
        found = []
        for address, info in both:
            kind = kinds.get(self._type(info))
            if kind is not None:
                found.append(Slot(address, kind, self._symbol_of(info)))
        return list(dict.fromkeys(found))

    def relocated(self) -> Iterator[tuple[int, int]]:
        """(linked address, bytes) of every word that any relocation changes."""
        short = _SHORT.get(self.layout.machine, frozenset())
        for jumps in (True, False):
            with_addend = self._tags.get(_PLTREL) != _REL if jumps else _RELA in self._tags
            for address, info in self._relocations(with_addend, jumps, 0):
                wide = self.layout.wide and self._type(info) not in short
                yield address, 8 if wide else 4

    def _type(self, info: int) -> int:
        return info & 0xFFFFFFFF if self.layout.wide else info & 0xFF

    def _symbol_of(self, info: int) -> int:
        return info >> 32 if self.layout.wide else info >> 8

    def _relocations(self, addend: bool, jumps: bool, skip: int) -> Iterator[tuple[int, int]]:
        """(linked address, info); those that only add the bias come first and may be skipped."""
        if jumps:
            place, size = self._tags.get(_JMPREL), self._tags.get(_PLTRELSZ, 0)
        elif addend:
            place, size = self._tags.get(_RELA), self._tags.get(_RELASZ, 0)
        else:
            place, size = self._tags.get(_REL), self._tags.get(_RELSZ, 0)
        if place is None:
            return
        form = "<QQ" if self.layout.wide else "<II"
        if addend:
            form += "8x" if self.layout.wide else "4x"
        step = struct.calcsize(form)
        skip = min(skip, size // step)
        wanted = min(size - skip * step, _RELOCATIONS_MAX * step)
        data = self._at(place + skip * step, wanted) if wanted > 0 else b""
        yield from struct.iter_unpack(form, data[: len(data) // step * step])

    # --- symbols ------------------------------------------------------------------------------

    def name(self, symbol: int) -> str:
        """The name of a dynamic symbol; empty for none."""
        if symbol == 0 or _SYMTAB not in self._tags or _STRTAB not in self._tags:
            return ""
        step = 24 if self.layout.wide else 16
        entry = self._at(self._tags[_SYMTAB] + symbol * step, step)
        if len(entry) < step:
            return ""
        place = _word(entry, 0)
        text = self._at(self._tags[_STRTAB] + place, 512)
        return text.partition(b"\0")[0].decode("ascii", "replace")

    def _symbols(self) -> tuple[bytes, bytes, int]:
        """The table of dynamic symbols, their names, and the size of an entry."""
        step = 24 if self.layout.wide else 16
        count = min(self._symbol_count(), _SYMBOLS_MAX)
        if count == 0 or _SYMTAB not in self._tags or _STRTAB not in self._tags:
            return b"", b"", step
        names = self._at(self._tags[_STRTAB], min(self._tags.get(_STRSZ, 0), _NAMES_MAX))
        table = self._at(self._tags[_SYMTAB], count * step)
        return table[: len(table) // step * step], names, step

    def defined(self) -> dict[str, list[Symbol]]:
        """Every defined dynamic symbol by name; a name may have several versions."""
        table, names, _ = self._symbols()
        form = "<IBBHQ8x" if self.layout.wide else "<IIIBBH"
        found: dict[str, list[Symbol]] = {}
        for entry in struct.iter_unpack(form, table):
            if self.layout.wide:
                place, info, _, section, value = entry
            else:
                place, value, _, info, _, section = entry
            # An undefined symbol with a value stands for a function's stub in the program.
            if section == 0 and value == 0:
                continue
            name = names[place : names.find(b"\0", place)].decode("ascii", "replace")
            found.setdefault(name, []).append(Symbol(value, info & 15 == _IFUNC))
        return found

    def _symbol_count(self) -> int:
        if _HASH in self._tags:
            head = self._at(self._tags[_HASH], 8)
            return _word(head, 4) if len(head) == 8 else 0
        return self._count_by_gnu_hash() if _GNU_HASH in self._tags else 0

    def _count_by_gnu_hash(self) -> int:
        """One more than the last symbol of the last chain (the table does not say how many)."""
        place = self._tags[_GNU_HASH]
        head = self._at(place, 16)
        if len(head) < 16:
            return 0
        buckets, first, filter_words, _ = struct.unpack("<4I", head)
        if buckets > _SYMBOLS_MAX or filter_words > _SYMBOLS_MAX:
            return 0
        place += 16 + filter_words * (8 if self.layout.wide else 4)
        data = self._at(place, buckets * 4)
        last: int = max(struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4]), default=0)
        if last < first:
            return int(first)
        chains = self._at(place + buckets * 4 + (last - first) * 4, _SYMBOLS_MAX)
        for (value,) in struct.iter_unpack("<I", chains[: len(chains) // 4 * 4]):
            last += 1
            if value & 1:
                break
        return last


def _word(data: bytes, place: int) -> int:
    """A little-endian word of 32 bits."""
    return int(struct.unpack_from("<I", data, place)[0])
