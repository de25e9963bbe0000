"""Names in archives that are not unpacked here: cabinet, 7-Zip, RAR; and cabinets' MSZIP members.

Their compression (LZX, LZMA chains, PPMd, RAR) is not for pure Python at useful speed, but what is
in them can be read: [MS-CAB] 2, 7zFormat.txt (7-Zip), RAR 5.0 archive format (rarlab.com), and
technote.txt of RAR 4. All lengths come from the file: every one is checked, every list is bounded.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator
from struct import Struct

from triage.records import dataclass

_MOST, _SHOWN, _NAME = 64, 6, 260


@dataclass(frozen=True, slots=True)
class Listing:
    """Names of members, at most 64, and whether members or the list itself are encrypted."""

    names: tuple[str, ...] = ()
    encrypted: bool = False
    hidden: bool = False

    def told(self) -> str:
        """``3 members: a.exe, b.txt, c.dll``; the names as they are written."""
        if self.hidden:
            return "names encrypted" if self.encrypted else "names compressed"
        shown = ", ".join(name[:_NAME] for name in self.names[:_SHOWN])
        more = ", ..." if len(self.names) > _SHOWN else ""
        count = f"{len(self.names)}{'+' if len(self.names) >= _MOST else ''}"
        return f"{count} member{'s' if len(self.names) != 1 else ''}: {shown}{more}"


# --- cabinet ----------------------------------------------------------------------------

_CAB = Struct("<4sIIIIIBBHHHHH")
_FOLDER, _FILE, _DATA = Struct("<IHH"), Struct("<IIHHHH"), Struct("<IHH")


def cab_listing(data: bytes) -> Listing:
    """The files of a cabinet ([MS-CAB] 2.3)."""
    if len(data) < _CAB.size:
        return Listing()
    row = _CAB.unpack_from(data)
    return Listing(tuple(one.name for one in _cab_files(data, row[4], row[9])))


@dataclass(frozen=True, slots=True)
class _CabFile:
    """A file entry: name, size, offset in its folder's bytes, folder, and the entry's place."""

    name: str
    size: int
    offset: int
    folder: int
    start: int
    end: int


def _cab_files(data: bytes, at: int, count: int) -> Iterator[_CabFile]:
    for _ in range(min(count, _MOST)):
        end = data.find(b"\0", at + _FILE.size, at + _FILE.size + _NAME)
        if end < 0:
            return
        size, offset, folder, _, _, attributes = _FILE.unpack_from(data, at)
        coding = "utf-8" if attributes & 0x80 else "cp1252"
        name = data[at + _FILE.size : end].decode(coding, "replace")
        yield _CabFile(name, size, offset, folder, at, end)
        at = end + 1


def cab_members(data: bytes, room: int) -> Iterator[tuple[int, int, str, bytes]]:
    """(start and end of its entry, name, bytes) of members stored or in MSZIP ([MS-MCI])."""
    if len(data) < _CAB.size:
        return
    row = _CAB.unpack_from(data)
    folders = [_cab_folder(data, row, number, room) for number in range(min(row[8], 8))]
    for one in _cab_files(data, row[4], row[9]):
        body = folders[one.folder] if one.folder < len(folders) else b""
        if one.size and one.offset + one.size <= len(body):
            yield one.start, one.end, one.name, body[one.offset : one.offset + one.size]


def _cab_folder(data: bytes, row: tuple[int, ...], number: int, room: int) -> bytes:
    """One folder's blocks put together; nothing when they are compressed in another way."""
    flags, at, folder_extra, block_extra = row[10], 36, 0, 0
    if flags & 4 and len(data) >= 40:
        extra, folder_extra, block_extra = Struct("<HBB").unpack_from(data, 36)
        at = 40 + extra
    for bit in (1, 1, 2, 2):
        if flags & bit:  # names of the cabinet and the disk before and after
            at = data.find(b"\0", at) + 1
    at += number * (_FOLDER.size + folder_extra)
    if at + _FOLDER.size > len(data):
        return b""
    start, blocks, method = _FOLDER.unpack_from(data, at)
    return _cab_blocks(data, start, blocks, method & 15, block_extra, room)


def _cab_blocks(data: bytes, at: int, count: int, method: int, extra: int, room: int) -> bytes:
    out = bytearray()
    for _ in range(count if method in (0, 1) else 0):
        if at + _DATA.size > len(data) or len(out) >= room:
            break
        _, packed, full = _DATA.unpack_from(data, at)
        at += _DATA.size + extra
        block = data[at : at + packed]
        at += packed
        if method == 0:
            out += block
            continue
        if block[:2] != b"CK":
            break
        stream = zlib.decompressobj(-15, zdict=bytes(out[-32768:]))
        try:
            out += stream.decompress(block[2:], full or 32768)
        except zlib.error:
            break
    return bytes(out)


# --- 7-Zip ------------------------------------------------------------------------------

_AES, _LZMA1 = b"\x06\xf1\x07\x01", b"\x03\x01\x01"
_LARGEST_HEADER = 4 << 20


def sevenzip_listing(data: bytes) -> Listing:
    """Names from the end header, which is itself mostly compressed with LZMA (7zFormat.txt)."""
    start, length = Struct("<QQ").unpack_from(data, 12)
    header = data[32 + start : 32 + start + min(length, _LARGEST_HEADER)]
    if not header:
        return Listing(hidden=True)
    if header[:1] == b"\x17":
        if _AES in header:
            return Listing(encrypted=True, hidden=True)
        header = _unpacked(data, header)
    names = _sevenzip_names(header)
    return Listing(names, _AES in header, hidden=not names)


def _unpacked(data: bytes, header: bytes) -> bytes:
    """The real header: where its stream is, how long, and LZMA's five bytes of properties."""
    at = header.find(_LZMA1)
    if header[1:2] != b"\x06" or at < 0 or header[at + 3 : at + 4] != b"\x05":
        return b""
    position, place = _number(header, 2)
    _, place = _number(header, place)
    if header[place : place + 1] != b"\x09":
        return b""
    packed, _ = _number(header, place + 1)
    sizes = header.find(b"\x0c", at + 9)
    size, _ = _number(header, sizes + 1)
    properties = header[at + 4 : at + 9]
    byte, dictionary = properties[0], int.from_bytes(properties[1:], "little")
    if sizes < 0 or byte >= 225 or not 0 < size <= _LARGEST_HEADER:
        return b""
    filters = [{"id": lzma.FILTER_LZMA1, "lc": byte % 9, "lp": byte // 9 % 5, "pb": byte // 45,
                "dict_size": min(max(dictionary, 4096), 64 << 20)}]  # fmt: skip
    try:
        stream = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
        return stream.decompress(data[32 + position : 32 + position + packed], size)
    except (lzma.LZMAError, ValueError, MemoryError):
        return b""


def _number(data: bytes, at: int) -> tuple[int, int]:
    """7-Zip's number: leading ones of the first byte say how many bytes follow."""
    first = data[at] if 0 <= at < len(data) else 0
    mask, value = 0x80, 0
    for extra in range(8):
        if not first & mask:
            high = (first & (mask - 1)) << 8 * extra
            return high | value, at + 1 + extra
        byte = data[at + 1 + extra] if at + 1 + extra < len(data) else 0
        value |= byte << 8 * extra
        mask >>= 1
    return value, at + 9


def _sevenzip_names(header: bytes) -> tuple[str, ...]:
    """Property 0x11: its size, no external stream, names in UTF-16 that end in zero."""
    at = header.find(b"\x11")
    while at >= 0:
        size, start = _number(header, at + 1)
        names = header[start + 1 : start + size]
        whole = size > 3 and size % 2 and len(names) == size - 1 and names.endswith(b"\0\0")
        if whole and header[start : start + 1] == b"\0":
            text = names.decode("utf-16-le", "replace").rstrip("\0").split("\0")
            if all(name and name.isprintable() for name in text):
                return tuple(text[:_MOST])
        at = header.find(b"\x11", at + 1)
    return ()


# --- RAR --------------------------------------------------------------------------------


def rar_listing(data: bytes) -> Listing:
    """Names from the file headers of either version."""
    return _rar5(data) if data[6:7] == b"\x01" else _rar4(data)


def _rar4(data: bytes) -> Listing:
    """Blocks of checksum, type, flags, size; type 0x74 is a file (technote.txt)."""
    names: list[str] = []
    at, encrypted = 7, False
    while at + 7 <= len(data) and len(names) < _MOST:
        kind, flags, size = data[at + 2], *Struct("<HH").unpack_from(data, at + 3)
        if size < 7:
            break
        body = int.from_bytes(data[at + 7 : at + 11], "little") if flags & 0x8000 else 0
        if kind == 0x73 and flags & 0x80:
            return Listing(encrypted=True, hidden=True)
        if kind == 0x74 and size >= 32:
            length = int.from_bytes(data[at + 26 : at + 28], "little")
            name = data[at + 32 : at + 32 + length].split(b"\0")[0]
            names.append(name.decode("utf-8", "replace"))
            encrypted = encrypted or bool(flags & 4)
        at += size + (body if kind == 0x74 or flags & 0x8000 else 0)
    return Listing(tuple(names), encrypted)


def _rar5(data: bytes) -> Listing:
    """Blocks of checksum, size, type, flags as numbers of seven bits a byte."""
    names: list[str] = []
    at, encrypted = 8, False
    while at + 8 <= len(data) and len(names) < _MOST:
        size, start = _seven_bits(data, at + 4)
        kind, place = _seven_bits(data, start)
        flags, place = _seven_bits(data, place)
        extra, place = _seven_bits(data, place) if flags & 1 else (0, place)
        body, place = _seven_bits(data, place) if flags & 2 else (0, place)
        if kind == 4:
            return Listing(encrypted=True, hidden=True)
        if kind == 5 or not size:
            break
        if kind == 2:
            names.append(_rar5_name(data, place))
            tail = data[max(start, start + size - extra) : start + size]
            encrypted = encrypted or _rar5_encrypted(tail)
        at = start + size + body
    return Listing(tuple(names), encrypted)


def _rar5_name(data: bytes, at: int) -> str:
    flags, at = _seven_bits(data, at)
    for _ in range(2):
        _, at = _seven_bits(data, at)
    at += (4 if flags & 2 else 0) + (4 if flags & 4 else 0)
    for _ in range(2):
        _, at = _seven_bits(data, at)
    length, at = _seven_bits(data, at)
    return data[at : at + min(length, 4 * _NAME)].decode("utf-8", "replace")


def _rar5_encrypted(records: bytes) -> bool:
    """Whether a record of type 1 is among a file's extra records."""
    at = 0
    for _ in range(16):
        if at >= len(records):
            break
        size, start = _seven_bits(records, at)
        kind, _ = _seven_bits(records, start)
        if kind == 1:
            return True
        if not size:
            break
        at = start + size
    return False


def _seven_bits(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for number in range(10):
        byte = data[at + number] if at + number < len(data) else 0
        value |= (byte & 0x7F) << 7 * number
        if not byte & 0x80:
            return value, at + number + 1
    return 0, at + 10
