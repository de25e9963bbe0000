"""systemd journal files: header, objects, data, entries. https://systemd.io/JOURNAL_FILE_FORMAT/

The file is read through a function (offset, size) -> bytes, so that it may be of any size. Objects
are walked in the order in which they lie: a file that was never closed has entries that no array
knows, a damaged one arrays that lead nowhere. After damage the walk goes on at the next place
that looks like an object. Every size and offset is checked against the file; all output is
bounded; only :class:`Malformed` is raised.
"""

from __future__ import annotations

import lzma
import re
import struct
from collections.abc import Callable, Iterator
from typing import Any

from triage.content.lz4 import block
from triage.parsers import Malformed
from triage.records import dataclass

Read = Callable[[int, int], bytes]
SIGNATURE = b"LPKSHHRH"
DATA, FIELD, ENTRY, ENTRY_ARRAY = 1, 2, 3, 6
XZ, LZ4, ZSTD = 1, 2, 4
_KEYED, _COMPACT = 4, 16
_KNOWN_FLAGS = 0x1F
_HEADER = struct.Struct("<8sIIB7x16s16s16s16sQQQQQQQQQQQQQQ")
_OBJECT = struct.Struct("<BB6xQ")
_DATA = struct.Struct("<QQQQQQ")
_ENTRY = struct.Struct("<QQQ16sQ")
_LOOKS = re.compile(rb"[\x01-\x07][\x00\x01\x02\x04]\x00{6}")
_LEAST = {1: 64, 2: 40, 3: 64, 4: 16, 5: 16, 6: 24, 7: 64}
WINDOW = 4 << 20
VALUE_MAX = 64 << 20
_ITEMS_MAX, _CHAIN_MAX = 4096, 100_000


class NoZstd(Exception):
    """A value is compressed with zstd, and zstandard is not installed."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the file says of itself. ``state``: 0 closed, 1 being written (or never closed), 2
    archived."""

    compact: bool
    incompatible: int
    state: int
    machine_id: bytes
    size: int
    arena: int
    tail: int
    objects: int
    entries: int
    entry_array: int

    @property
    def payload_at(self) -> int:
        """Where the payload of a data object begins in it."""
        return 72 if self.compact else 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: where, its numbers, times in microseconds, the offsets of its data objects."""

    offset: int
    seqnum: int
    realtime: int
    monotonic: int
    boot_id: bytes
    items: tuple[int, ...]


def parse_header(data: bytes) -> Header:
    """The first bytes of a file; raises :class:`Malformed`."""
    if len(data) < 208 or not data.startswith(SIGNATURE):
        raise Malformed("no journal signature")
    found = _HEADER.unpack_from(data)
    incompatible, state = found[2], found[3]
    if incompatible & ~_KNOWN_FLAGS:
        raise Malformed(f"flags {incompatible:#x} of a later journal version")
    size, arena = found[8], found[9]
    if not 208 <= size <= 1 << 16:
        raise Malformed("the header's size is impossible")
    return Header(bool(incompatible & _COMPACT), incompatible, state, found[5], size, arena,
                  found[14], found[15], found[16], found[19])  # fmt: skip


class Journal:
    """One journal file. ``damage`` counts places where the walk had to search its way."""

    def __init__(self, read: Read, size: int) -> None:
        """Raises :class:`Malformed` when the file has no usable header."""
        self._read, self.size = read, size
        self.header = parse_header(read(0, 272))
        self.damage = 0
        self.unreadable = 0
        self._zstd: Any = None

    # --- walking -------------------------------------------------------------------------

    def windows(self) -> Iterator[tuple[int, bytes, list[tuple[int, int, int]]]]:
        """The file in pieces: (offset of the piece, its bytes, objects in it).

        An object is (place in the piece, type and flags << 8, size); one too large for a piece
        comes with as much as is there.
        """
        at = self.header.size
        end = self.size
        while at + 16 <= end:
            data = self._read(at, min(WINDOW, end - at))
            if len(data) < 16:
                return
            objects, used = self._objects(data, at, end)
            if objects:
                yield at, data, objects
            elif used == 0:
                used = 8
            at += used

    def values(self, prefixes: frozenset[bytes], large: int) -> Iterator[tuple[int, int, bytes]]:
        """(offset, flags, payload) of data objects worth a look: those whose value begins with one
        of the prefixes (five bytes each), compressed ones, and those of ``large`` bytes or more.
        """
        start = self.header.payload_at
        for base, data, objects in self.windows():
            for place, kind, size in objects:
                if kind == DATA:
                    at = place + start
                    if size >= large or data[at : at + 5] in prefixes:
                        yield base + place, 0, data[at : place + size]
                elif kind & 0xFF == DATA:
                    raw = data[place + start : place + size]
                    if kind >> 8 == LZ4 and size < large and _told_by_lz4(raw, prefixes) is False:
                        continue
                    yield base + place, kind >> 8, raw

    def _objects(self, data: bytes, base: int, end: int) -> tuple[list[tuple[int, int, int]], int]:
        """Objects of a piece, and how many bytes they (with what lies between) take."""
        found: list[tuple[int, int, int]] = []
        place, length, unpack, lost = 0, len(data), _OBJECT.unpack_from, False
        add = found.append
        while place + 16 <= length:
            kind, flags, size = unpack(data, place)
            if 0 < kind < 8 and size >= 24 and base + place + size <= end and flags < 8:
                if place + size > length and place > 0:
                    return found, place  # whole in the next piece
                add((place, kind | flags << 8, size))
                place += (size + 7) & ~7
                lost = False
                continue
            skipped = self._next(data, place, kind, size)
            if not lost and (kind or size):
                self.damage += 1
                lost = True
            place = skipped
        return found, max(place, 8)

    def _next(self, data: bytes, place: int, kind: int, size: int) -> int:
        """The next place that looks like an object; the piece's end when there is none."""
        for match in _LOOKS.finditer(data, place + 8):
            at = match.start()
            if at % 8 != place % 8 or at + 16 > len(data):
                continue
            kind, _, size = _OBJECT.unpack_from(data, at)
            if _LEAST[kind] <= size <= self.size:
                return at
        return len(data) & ~7

    # --- single objects --------------------------------------------------------------------

    def value(self, flags: int, payload: bytes, limit: int = VALUE_MAX) -> bytes:
        """A data object's ``FIELD=value``, unpacked, at most ``limit`` bytes.

        Raises :class:`Malformed`, and :class:`NoZstd` where that is what is missing.
        """
        if flags & ZSTD:
            return self._unzstd(payload, limit)
        if flags & LZ4:
            size = int.from_bytes(payload[:8], "little")
            out = block(payload[8:], min(size, limit)) if size <= limit else None
            if out is None:
                raise Malformed("an lz4 value that does not unpack")
            return out
        if flags & XZ:
            try:
                return lzma.LZMADecompressor(memlimit=1 << 28).decompress(payload, limit)
            except (lzma.LZMAError, EOFError) as error:
                raise Malformed(f"an xz value that does not unpack: {error}") from error
        return payload[:limit]

    def _unzstd(self, payload: bytes, limit: int) -> bytes:
        try:
            import zstandard
        except ImportError:
            raise NoZstd from None
        if self._zstd is None:
            self._zstd = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        try:
            if zstandard.frame_content_size(payload) > limit:
                raise Malformed("a zstd value that is too large")
            out: bytes = self._zstd.decompress(payload, max_output_size=limit)
        except (zstandard.ZstdError, MemoryError) as error:
            raise Malformed(f"a zstd value that does not unpack: {error}") from error
        return out

    def data_at(self, offset: int, limit: int = 1 << 20) -> bytes:
        """``FIELD=value`` of the data object at an offset; raises :class:`Malformed`, NoZstd."""
        flags, size = self._object_at(offset, DATA)
        start = self.header.payload_at
        if size < start:
            raise Malformed("a data object that is too small")
        raw = self._read(offset + start, min(size - start, VALUE_MAX))
        return self.value(flags, raw, limit)

    def entry_at(self, offset: int) -> Entry:
        """The entry at an offset; raises :class:`Malformed`."""
        _, size = self._object_at(offset, ENTRY)
        raw = self._read(offset + 16, min(size - 16, 48 + 16 * _ITEMS_MAX))
        if len(raw) < 48:
            raise Malformed("an entry that is too small")
        return self._entry(offset, raw)

    def _entry(self, offset: int, raw: bytes) -> Entry:
        seqnum, realtime, monotonic, boot, _ = _ENTRY.unpack_from(raw)
        width = 4 if self.header.compact else 16
        count = min((len(raw) - 48) // width, _ITEMS_MAX)
        if self.header.compact:
            items = struct.unpack_from(f"<{count}I", raw, 48)
        else:
            items = struct.unpack_from(f"<{2 * count}Q", raw, 48)[::2]
        return Entry(offset, seqnum, realtime, monotonic, boot,
                     tuple(item for item in items if item))  # fmt: skip

    def _object_at(self, offset: int, wanted: int) -> tuple[int, int]:
        if not 0 < offset <= self.size - 16 or offset % 8:
            raise Malformed("an offset outside of the file")
        raw = self._read(offset, 16)
        if len(raw) < 16:
            raise Malformed("an object behind the end of the file")
        kind, flags, size = _OBJECT.unpack(raw)
        if kind != wanted or size < _LEAST[wanted] or offset + size > self.size:
            raise Malformed(f"no object of type {wanted} at this offset")
        return flags, size

    # --- from data to entries -----------------------------------------------------------------

    def entries_of(self, offset: int, limit: int) -> tuple[list[Entry], int]:
        """The first entries that a data object belongs to, and how many it says there are."""
        self._object_at(offset, DATA)
        raw = self._read(offset + 16, 48)
        if len(raw) < 48:
            raise Malformed("a data object that is too small")
        _, _, _, first, array, count = _DATA.unpack(raw)
        found: list[Entry] = []
        offsets = [first] if first else []
        if limit > 1:
            offsets += self.array(array, limit)
        for one in offsets[:limit]:
            try:
                found.append(self.entry_at(one))
            except Malformed:
                self.unreadable += 1
        return found, max(count if count < 1 << 40 else 0, len(found))

    def array(self, offset: int, limit: int) -> list[int]:
        """Offsets of a chain of entry arrays; a chain that turns back on itself ends there."""
        found: list[int] = []
        seen: set[int] = set()
        width, code = (4, "I") if self.header.compact else (8, "Q")
        while offset and len(found) < limit and offset not in seen and len(seen) < _CHAIN_MAX:
            seen.add(offset)
            try:
                _, size = self._object_at(offset, ENTRY_ARRAY)
            except Malformed:
                self.unreadable += 1
                break
            raw = self._read(offset + 16, min(size - 16, 8 + width * limit))
            if len(raw) < 8:
                break
            count = (len(raw) - 8) // width
            found += [one for one in struct.unpack_from(f"<{count}{code}", raw, 8) if one]
            offset = int.from_bytes(raw[:8], "little")
        return found[:limit]

    def fields_of(self, entry: Entry, limit: int = 1 << 16) -> dict[str, list[bytes]]:
        """The fields of an entry; what cannot be read is left out and counted."""
        found: dict[str, list[bytes]] = {}
        for item in entry.items:
            try:
                name, sign, value = self.data_at(item, limit).partition(b"=")
            except Malformed:
                self.unreadable += 1
                continue
            if sign:
                found.setdefault(name.decode("utf-8", "replace"), []).append(value)
        return found

    def entries(self) -> Iterator[Entry]:
        """Every entry of the file, in the order in which they lie in it."""
        for base, data, objects in self.windows():
            for place, kind, size in objects:
                if kind & 0xFF == ENTRY and size >= 64:
                    raw = data[place + 16 : place + min(size, 64 + 16 * _ITEMS_MAX)]
                    if len(raw) >= 48:
                        yield self._entry(base + place, raw)


def _told_by_lz4(payload: bytes, prefixes: frozenset[bytes]) -> bool | None:
    """Whether a packed value begins with a prefix: its first literals show without unpacking.

    ``None`` when there are too few of them to say.
    """
    literals = payload[8] >> 4 if len(payload) > 8 else 0
    if literals < 5:
        return None
    at = 9
    while literals == 15 and at < len(payload) and payload[at] == 255:
        at += 1
    at += 1 if literals == 15 else 0
    return payload[at : at + 5] in prefixes
