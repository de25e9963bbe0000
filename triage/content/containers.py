"""Archives and compressed streams, by headers that check and a start that really unpacks."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib

from triage.content.identity import Identity
from triage.content.listings import Listing, cab_listing, rar_listing, sevenzip_listing
from triage.model import Confidence

_TRIAL_INPUT = 4096
_TRIAL_OUTPUT = 8192


def identify_zip(data: bytes, size: int) -> Identity | None:
    """Local header (APPNOTE 4.3.7) with sane fields, or an empty archive's end record."""
    if data.startswith(b"PK\5\6"):
        return Identity("zip", "empty", length=22) if len(data) >= 22 else None
    if data.startswith(b"PK\7\x08PK\3\4"):
        data, size = data[4:], size - 4
    if len(data) < 30 or not data.startswith(b"PK\3\4"):
        return None
    version, flags, method, _t, _d, _crc, packed, _full, name, extra = struct.unpack_from(
        "<HHHHHIIIHH", data, 4
    )
    if version & 0xFF > 63 or method not in _ZIP_METHODS or not 0 < name < 4096:
        return None
    if 30 + name > size or (packed != 0xFFFFFFFF and 30 + name + extra + packed > size + 65536):
        return None
    first = data[30 : 30 + name].decode("utf-8", "replace")
    end = data.rfind(b"PK\5\6", max(0, len(data) - 65557))
    length = end + 22 + _u16(data, end + 20) if 0 <= end <= len(data) - 22 else None
    if flags & 1:
        return Identity(
            "zip-encrypted",
            f"first member {first[:80]}",
            traits=("encrypted-members",),
            length=length,
        )
    return Identity("zip", f"first member {first[:80]}", length=length)


_ZIP_METHODS = frozenset(
    {0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 14, 16, 18, 19, 20, 93, 95, 96, 97, 98, 99}
)


def _u16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def identify_gzip(data: bytes, _size: int) -> Identity | None:
    """Method 8, no reserved flags (RFC 1952), and a start that inflates."""
    if len(data) < 18 or data[2] != 8 or data[3] & 0xE0:
        return None
    produced = trial_inflate(data, 31)
    if produced is None:
        return None
    name = data[10:74].split(b"\0", 1)[0].decode("latin-1") if data[3] & 0x0C == 0x08 else ""
    return Identity("gzip", f"of {name}" if name.isprintable() and name else "")


def identify_zlib(data: bytes, _size: int) -> Identity | None:
    """Header check value (RFC 1950), and a start that inflates to something."""
    if len(data) < 8 or (data[0] << 8 | data[1]) % 31 or data[1] & 0x20 or data[0] >> 4 > 7:
        return None
    produced = trial_inflate(data, 15)
    if produced is None:
        return None
    sure = Confidence.STRONG if produced >= 16 else Confidence.MODERATE
    return Identity("zlib", confidence=sure) if produced >= 4 else None


def trial_inflate(data: bytes, window: int) -> int | None:
    """Inflate the start: how many bytes came out, ``None`` on an error or on nothing.

    A stream that ends within the input must end with the right checksum.
    """
    inflater = zlib.decompressobj(window)
    try:
        produced = len(inflater.decompress(data[:_TRIAL_INPUT], _TRIAL_OUTPUT))
    except zlib.error:
        return None
    return produced if produced or inflater.eof else None


def identify_bzip2(data: bytes, _size: int) -> Identity | None:
    """Level, and the first block's or the end's magic (pi, or the root of pi)."""
    block = data[4:10] in (b"1AY&SY", b"\x17rE8P\x90")
    if len(data) < 14 or not 0x31 <= data[3] <= 0x39 or not block:
        return None
    return Identity("bzip2") if _unpacks(bz2.BZ2Decompressor(), data) else None


def identify_xz(data: bytes, _size: int) -> Identity | None:
    """Stream header with its checksum (xz file format 1.1, 2.1.1)."""
    if len(data) < 12 or zlib.crc32(data[6:8]) != struct.unpack_from("<I", data, 8)[0]:
        return None
    return Identity("xz")


def identify_lzma(data: bytes, _size: int) -> Identity | None:
    """LZMA alone: properties, a power-of-two dictionary, and a start that unpacks."""
    if len(data) < 32 or data[0] >= 225:
        return None
    dictionary, size = struct.unpack_from("<IQ", data, 1)
    regular = dictionary >= 4096 and bin(dictionary).count("1") <= 2
    if not regular or data[13] != 0 or (size != (1 << 64) - 1 and size > 1 << 38):
        return None
    small = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=256 << 20)
    return Identity("lzma") if _unpacks(small, data) else None


def _unpacks(decompressor: bz2.BZ2Decompressor | lzma.LZMADecompressor, data: bytes) -> bool:
    try:
        decompressor.decompress(data[:_TRIAL_INPUT], _TRIAL_OUTPUT)
    except (OSError, ValueError, EOFError, lzma.LZMAError, MemoryError):
        return False
    return True


def identify_zstd(data: bytes, size: int) -> Identity | None:
    """Frame header and the first block header (RFC 8878, 3.1.1)."""
    if len(data) < 9 or data[4] & 0x08:
        return None
    single, flag = data[4] >> 5 & 1, data[4] >> 6
    at = 5 + (0 if single else 1) + (0, 1, 2, 4)[data[4] & 3]
    at += (1 if single else 0, 2, 4, 8)[flag]
    if at + 3 > len(data):
        return None
    block = int.from_bytes(data[at : at + 3], "little")
    kind, length = block >> 1 & 3, block >> 3
    fits = length <= 128 << 10 and (kind == 1 or at + 3 + length <= size)
    return Identity("zstd") if kind != 3 and fits else None


def identify_lz4(data: bytes, _size: int) -> Identity | None:
    """Frame descriptor: version 01, reserved bits clear, block size 4 to 7."""
    if len(data) < 11 or data[4] >> 6 != 1 or data[4] & 2 or data[5] & 0x8F:
        return None
    return Identity("lz4") if 4 <= data[5] >> 4 <= 7 else None


def identify_lz4_legacy(data: bytes, size: int) -> Identity | None:
    block = int.from_bytes(data[4:8], "little")
    fits = len(data) > 12 and 0 < block <= size - 8 and block <= 8_421_500
    return Identity("lz4", "legacy frame") if fits else None


def identify_lznt1(data: bytes, size: int) -> Identity | None:
    """Chunks (MS-XCA 2.5.1): signature 3 in each header, tokens that point into what was read.

    A chunk of 4096 unpacked bytes ends all but the last; a start that unpacks to less than it
    takes is nothing that a compressor writes.
    """
    produced, at, chunks = 0, 0, 0
    while at + 2 <= len(data) and chunks < 4:
        header = _u16(data, at)
        if header == 0:
            break
        length = (header & 0xFFF) + 1
        if header >> 12 & 7 != 3 or at + 2 + length > size:
            return None
        if at + 2 + length > len(data):
            break
        one = _lznt1_chunk(data[at + 2 : at + 2 + length], bool(header & 0x8000))
        if one is None or produced % 4096:
            return None
        produced, at, chunks = produced + one, at + 2 + length, chunks + 1
    whole = at >= len(data) - 8 or chunks >= 2
    if not chunks or not whole or produced < at * 5 // 4 or produced < 64:
        return None
    return Identity("lznt1", confidence=Confidence.MODERATE)


def _lznt1_chunk(chunk: bytes, packed: bool) -> int | None:
    """Unpacked length of one chunk, ``None`` when a token points before its start."""
    if not packed:
        return len(chunk)
    at = produced = 0
    while at < len(chunk):
        flags = chunk[at]
        at += 1
        for bit in range(8):
            if at >= len(chunk):
                break
            if not flags >> bit & 1:
                at, produced = at + 1, produced + 1
                continue
            if at + 2 > len(chunk) or produced == 0:
                return None
            token, at = _u16(chunk, at), at + 2
            shift = 16 - max(4, (produced - 1).bit_length())
            if (token >> shift) + 1 > produced:
                return None
            produced += (token & (1 << shift) - 1) + 3
    return produced if produced <= 4096 else None


def identify_deflate(data: bytes, size: int) -> Identity | None:
    """Raw deflate has no header: a coded block that inflates a lot, and to its end when short.

    Stored blocks (type 0) are left out, chance makes them too easily.
    """
    if len(data) < 24 or data[0] >> 1 & 3 not in (1, 2):
        return None
    inflater = zlib.decompressobj(-15)
    try:
        produced = len(inflater.decompress(data[: 4 * _TRIAL_INPUT], 1 << 17))
    except zlib.error:
        return None
    if inflater.eof:
        # The end of the stream must be the end of the bytes, but for a little padding.
        if len(inflater.unused_data) > 8 or len(data) > 4 * _TRIAL_INPUT:
            return None
        return Identity("deflate", confidence=Confidence.MODERATE) if produced >= 24 else None
    seen = min(len(data), 4 * _TRIAL_INPUT)
    if produced < max(256, seen * 5 // 4) or (seen < 1024 and size <= len(data)):
        return None
    return Identity("deflate", confidence=Confidence.MODERATE)


def identify_7z(data: bytes, _size: int) -> Identity | None:
    """Start header with its checksum (7zFormat.txt)."""
    if len(data) < 32 or zlib.crc32(data[12:32]) != struct.unpack_from("<I", data, 8)[0]:
        return None
    start, length = struct.unpack_from("<QQ", data, 12)
    return _listed("7z", "", sevenzip_listing(data), 32 + start + length)


def identify_rar(data: bytes, _size: int) -> Identity | None:
    """Signature and the first block: of version 4 with type 0x73, of version 5 with a CRC."""
    if data.startswith(b"Rar!\x1a\x07\x00") and len(data) >= 20:
        return _listed("rar", "version 4, ", rar_listing(data)) if data[9] == 0x73 else None
    if data.startswith(b"Rar!\x1a\x07\x01\x00") and len(data) >= 16:
        end = 13 + data[12] if data[12] < 0x80 else 0
        good = end and zlib.crc32(data[12:end]) == struct.unpack_from("<I", data, 8)[0]
        return _listed("rar", "version 5, ", rar_listing(data)) if good else None
    return None


def identify_cab(data: bytes, size: int) -> Identity | None:
    """Reserved fields zero, version 1.3, offsets inside ([MS-CAB] 2.1)."""
    if len(data) < 36:
        return None
    zero, total, zero2, files, zero3, minor, major = struct.unpack_from("<IIIIIBB", data, 4)
    sane = not (zero or zero2 or zero3) and (major, minor) == (1, 3) and 36 <= files < total
    if not sane or total >= size + (1 << 31):
        return None
    return _listed("cab", "", cab_listing(data), total)


def _listed(kind: str, before: str, listing: Listing, length: int | None = None) -> Identity:
    traits = ("encrypted-members",) if listing.encrypted else ()
    return Identity(kind, before + listing.told(), traits=traits, length=length)


def identify_tar(data: bytes, _size: int) -> Identity | None:
    """The header's checksum (POSIX ustar): the sum of its bytes with the field as blanks."""
    if len(data) < 512 or data[0] == 0:
        return None
    try:
        wanted = int(data[148:156].rstrip(b" \0") or b"x", 8)
        int(data[124:136].rstrip(b" \0") or b"0", 8)
    except ValueError:
        return None
    if sum(data[:148]) + sum(data[156:512]) + 8 * 32 != wanted:
        return None
    name = data[:100].split(b"\0", 1)[0].decode("utf-8", "replace")
    return Identity("tar", f"first member {name}")


def identify_cpio(data: bytes, size: int) -> Identity | None:
    """New ASCII format: 13 fields of 8 hex digits, a name that ends in zero."""
    if len(data) < 112 or data[:6] not in (b"070701", b"070702"):
        return None
    try:
        fields = [int(data[at : at + 8], 16) for at in range(6, 110, 8)]
    except ValueError:
        return None
    name = fields[11]
    return Identity("cpio") if 0 < name <= 4096 and 110 + name <= size else None


def identify_ar(data: bytes, _size: int) -> Identity | None:
    if data[66:68] == b"`\n":
        deb = data[8:21] == b"debian-binary"
        return Identity("ar", "Debian package" if deb else "")
    return None


def identify_rpm(data: bytes, _size: int) -> Identity | None:
    return Identity("rpm") if data[4:5] in (b"\3", b"\4") and len(data) > 96 else None


def identify_squashfs(data: bytes, size: int) -> Identity | None:
    """Block size is two to the block log (superblock, version 4)."""
    if len(data) < 96:
        return None
    block, _f, _c, log, _fl, _i, major = struct.unpack_from("<IIHHHHH", data, 12)
    return Identity("squashfs") if log < 32 and block == 1 << log and major == 4 else None


def identify_iso(data: bytes, _size: int) -> Identity | None:
    return Identity("iso") if data[32769:32774] == b"CD001" else None


def identify_mam(data: bytes, _size: int) -> Identity | None:
    full = int.from_bytes(data[4:8], "little")
    return Identity("mam") if data[3] in (4, 0x84) and 0 < full < 1 << 30 else None


def identify_compress(data: bytes, _size: int) -> Identity | None:
    """Code width 9 to 16 bits, and a first code that is a plain byte."""
    if len(data) < 8 or data[2] & 0x60 or not 9 <= data[2] & 31 <= 16 or data[4] & 1:
        return None
    return Identity("compress", confidence=Confidence.MODERATE)


def identify_snappy(data: bytes, _size: int) -> Identity | None:
    return Identity("snappy") if data[4:10] == b"sNaPpY" else None
