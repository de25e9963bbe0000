"""Benign formats that stores really hold: images, fonts, sound, documents, databases.

Each row is a magic and what else must hold for it to count. The further condition is what keeps
two or four bytes of chance, or of disguise, from being a picture.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from triage.content.identity import Identity
from triage.records import dataclass

Test = Callable[[bytes, int], bool]


@dataclass(frozen=True, slots=True)
class Format:
    """A magic at the start, the kind, and the condition on the bytes and the whole size."""

    magic: bytes
    kind: str
    holds: Test
    detail: str = ""

    def identify(self, data: bytes, size: int) -> Identity | None:
        """The kind when the bytes begin with the magic and the condition holds."""
        if data.startswith(self.magic) and self.holds(data, size):
            return Identity(self.kind, self.detail)
        return None


def _u16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _b16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


def _b32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _longer(least: int) -> Test:
    return lambda data, _size: len(data) >= least


def _bmp(data: bytes, size: int) -> bool:
    header = _u32(data, 14)
    return _u32(data, 6) == 0 and header in (12, 40, 52, 56, 64, 108, 124) and _u32(data, 10) < size


def _dib(data: bytes, _size: int) -> bool:
    planes, depth = _u16(data, 12), _u16(data, 14)
    return len(data) > 40 and planes == 1 and depth in (1, 4, 8, 16, 24, 32) and _u32(data, 4) > 0


def _ico(data: bytes, size: int) -> bool:
    count = _u16(data, 4)
    if not 0 < count <= 64 or len(data) < 22 or data[9] != 0:
        return False
    length, offset = _u32(data, 14), _u32(data, 18)
    return offset >= 6 + 16 * count and length >= 40 and offset + length <= size


def _sfnt(data: bytes, _size: int) -> bool:
    """Table count and the search fields that follow from it (OpenType, table directory)."""
    count = _b16(data, 4)
    if not 4 <= count <= 64:
        return False
    power = 1 << (count.bit_length() - 1)
    return _b16(data, 6) == 16 * power and data[12:16].strip().isascii()


def _mp3(data: bytes, _size: int) -> bool:
    """MPEG audio frame: the next frame begins where this one's rate says it ends."""
    if len(data) < 2048 or data[1] & 0xE6 != 0xE2:
        return False
    rates = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
    rate, frequency = rates[data[2] >> 4], (44100, 48000, 32000, 0)[data[2] >> 2 & 3]
    if not rate or not frequency or data[1] & 0x18 != 0x18:
        return False
    after = 144000 * rate // frequency + (data[2] >> 1 & 1)
    return data[after : after + 2] == data[:2]


def _ole(data: bytes, _size: int) -> bool:
    return len(data) >= 76 and _u16(data, 28) == 0xFFFE and _u16(data, 30) in (9, 12)


def _shortcut(data: bytes, _size: int) -> bool:
    return data[4:20] == bytes.fromhex("0114020000000000c000000000000046")


def _hive(data: bytes, _size: int) -> bool:
    return _u32(data, 20) == 1 and 2 <= _u32(data, 24) <= 6 if len(data) >= 28 else False


def _evtx(data: bytes, _size: int) -> bool:
    return _u32(data, 32) == 128 and _u16(data, 38) == 3


def _sqlite(data: bytes, _size: int) -> bool:
    page = _b16(data, 16)
    return (
        len(data) >= 100 and (page == 1 or page & page - 1 == 0) and data[21:24] == b"\x40\x20\x20"
    )


def _journal(data: bytes, _size: int) -> bool:
    return len(data) >= 208 and data[16] <= 2 and 184 <= _u32(data, 88) <= 4096


def _riff(data: bytes, _size: int) -> bool:
    return data[8:12] in (b"WAVE", b"AVI ", b"RMID", b"ACON", b"sfbk", b"CDXA", b"PAL ")


def _webp(data: bytes, _size: int) -> bool:
    return data[8:12] == b"WEBP"


def _emf(data: bytes, _size: int) -> bool:
    return data[40:44] == b" EMF"


def _wmf(data: bytes, _size: int) -> bool:
    return _u16(data, 4) == 0 and len(data) > 40


def _midi(data: bytes, _size: int) -> bool:
    return _b32(data, 4) == 6 and _b16(data, 8) < 3


def _mo(data: bytes, size: int) -> bool:
    return _u32(data, 4) < 2 and _u32(data, 12) < size


def _mo_big(data: bytes, size: int) -> bool:
    return _b32(data, 4) < 2 and _b32(data, 12) < size


def _pcap(data: bytes, _size: int) -> bool:
    return {_u16(data, 4), _b16(data, 4)} & {2} != set() and len(data) >= 24


def _pcapng(data: bytes, _size: int) -> bool:
    return data[8:12] in (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d")


def _terminfo(data: bytes, size: int) -> bool:
    """Five counts that add up to no more than the bytes (term(5))."""
    names, flags, _numbers, offsets, strings = struct.unpack_from("<5H", data, 2)
    return bool(
        0 < names < 512 and flags < 128 and 12 + names + flags + 2 * offsets + strings <= size
    )


def _security_descriptor(data: bytes, size: int) -> bool:
    """Self-relative, offsets inside, an owner that is a SID ([MS-DTYP] 2.4.6)."""
    if len(data) < 20 or not _u16(data, 2) & 0x8000:
        return False
    offsets = struct.unpack_from("<4I", data, 4)
    if any(one >= size or 0 < one < 20 for one in offsets) or not any(offsets):
        return False
    owner = offsets[0]
    return bool(owner == 0 or owner + 8 > len(data) or data[owner] == 1)


def _sid(data: bytes, size: int) -> bool:
    return data[1] <= 15 and size == 8 + 4 * data[1] and data[2:7] == bytes(5)


def _dtb(data: bytes, _size: int) -> bool:
    return _b32(data, 20) in (16, 17) and _b32(data, 24) == 16


def _linux_kernel(data: bytes, _size: int) -> bool:
    return data[0x202:0x206] == b"HdrS"


def _index(data: bytes, _size: int) -> bool:
    return _b32(data, 4) in (2, 3, 4)


def _plist(data: bytes, size: int) -> bool:
    return size > 40


def _prefetch(data: bytes, _size: int) -> bool:
    return data[4:8] == b"SCCA"


def _utmp(data: bytes, size: int) -> bool:
    """Records of 384 bytes; type 1 to 9; the line's name is text (utmp(5))."""
    if size % 384 or len(data) < 384:
        return False
    kinds = {_u16(data, at) for at in range(0, min(len(data), 384 * 8), 384)}
    line = data[8:40].rstrip(b"\0")
    return kinds <= set(range(10)) and kinds != {0} and line.isascii() and b"\0" not in line


_ANY = _longer(8)
_JPEG = frozenset({0xC0, 0xC2, 0xC4, 0xDB, 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE})

FORMATS: tuple[Format, ...] = (
    Format(b"\x89PNG\r\n\x1a\n", "png", lambda d, s: d[12:16] in (b"IHDR", b"CgBI")),
    Format(b"\xff\xd8\xff", "jpeg", lambda d, s: len(d) > 20 and d[3] in _JPEG),
    Format(b"GIF87a", "gif", _longer(13)),
    Format(b"GIF89a", "gif", _longer(13)),
    Format(b"BM", "bmp", lambda d, s: len(d) > 26 and _bmp(d, s)),
    Format(b"\x28\0\0\0", "bmp", _dib, "device-independent bitmap"),
    Format(b"\0\0\1\0", "ico", _ico),
    Format(b"\0\0\2\0", "ico", _ico, "cursor"),
    Format(b"II*\0", "tiff", lambda d, s: 8 <= _u32(d, 4) < s),
    Format(b"MM\0*", "tiff", lambda d, s: 8 <= _b32(d, 4) < s),
    Format(b"RIFF", "webp", _webp),
    Format(b"RIFF", "riff", _riff),
    Format(b"\1\0\0\0", "emf", _emf),
    Format(b"\xd7\xcd\xc6\x9a", "emf", _wmf, "placeable metafile"),
    Format(b"/* XPM */", "xpm", _ANY),
    Format(b"8BPS\0\1", "psd", lambda d, s: d[6:12] == bytes(6)),
    Format(b"\0\1\0\0", "sfnt", _sfnt),
    Format(b"OTTO", "sfnt", _sfnt),
    Format(b"true", "sfnt", _sfnt),
    Format(b"ttcf\0", "sfnt", _longer(16)),
    Format(b"wOFF", "woff", lambda d, s: _b32(d, 8) <= s + (1 << 20) and len(d) > 44),
    Format(b"wOF2", "woff", lambda d, s: len(d) > 44),
    Format(b"OggS\0", "ogg", lambda d, s: len(d) > 27 and d[5] < 8),
    Format(b"fLaC", "flac", lambda d, s: d[4] & 0x7F == 0 and _b32(d, 4) & 0xFFFFFF == 34),
    Format(b"ID3", "mp3", lambda d, s: len(d) > 10 and d[3] in (2, 3, 4) and max(d[6:10]) < 128),
    Format(b"\xff", "mp3", _mp3),
    Format(b"\x1aE\xdf\xa3", "matroska", lambda d, s: b"matroska" in d[:64] or b"webm" in d[:64]),
    Format(b"MThd", "midi", _midi),
    Format(b".snd", "au", lambda d, s: 24 <= _b32(d, 4) < s),
    Format(b"%PDF-", "pdf", lambda d, s: d[5:6].isdigit()),
    Format(b"%!PS", "postscript", _ANY),
    Format(b"{\\rtf", "rtf", _ANY),
    Format(b"AT&TFORM", "djvu", _ANY),
    Format(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole", _ole),
    Format(b"\x4c\0\0\0", "lnk", _shortcut),
    Format(b"ITSF", "chm", lambda d, s: _u32(d, 4) in (2, 3)),
    Format(bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3"), "onenote", _longer(32)),
    Format(b"SQLite format 3\0", "sqlite", _sqlite),
    Format(b"regf", "hive", _hive),
    Format(b"ElfFile\0", "evtx", _evtx),
    Format(b"0\0\0\0LfLe", "evt", _longer(48)),
    Format(b"LPKSHHRH", "journal", _journal),
    Format(b"\x11\0\0\0", "prefetch", _prefetch),
    Format(b"\x17\0\0\0", "prefetch", _prefetch),
    Format(b"\x1a\0\0\0", "prefetch", _prefetch),
    Format(b"\x1e\0\0\0", "prefetch", _prefetch),
    Format(b"\xce\x9a\x57\x13", "gdbm", _longer(32)),
    Format(b"\xcf\x9a\x57\x13", "gdbm", _longer(32)),
    Format(b"\xd4\xc3\xb2\xa1", "pcap", _pcap),
    Format(b"\xa1\xb2\xc3\xd4", "pcap", _pcap),
    Format(b"\x0a\x0d\x0d\x0a", "pcap", _pcapng),
    Format(b"\x1a\x01", "terminfo", lambda d, s: len(d) > 16 and _terminfo(d, s)),
    Format(b"\x1e\x02", "terminfo", lambda d, s: len(d) > 16 and _terminfo(d, s)),
    Format(b"TZif", "tzif", lambda d, s: d[4] in b"\x00234" and d[5:20] == bytes(15)),
    Format(b"\xde\x12\x04\x95", "locale", _mo),
    Format(b"\x95\x04\x12\xde", "locale", _mo_big),
    Format(b"glibc-ld.so.cache1.1", "cache", _longer(48)),
    Format(b"ld.so-1.7.0\0", "cache", _longer(16)),
    Format(b"\1\0", "security-descriptor", _security_descriptor),
    Format(b"\1", "sid", lambda d, s: len(d) >= 8 and _sid(d, s)),
    Format(b"\xd0\r\xfe\xed", "dtb", _dtb),
    Format(b"FOMB", "mof", _longer(20)),
    Format(b"DIRC\0\0\0", "git", _index),
    Format(b"PACK\0\0\0", "git", _index),
    Format(b"bplist00", "plist", _plist),
)


def identify_semaphore(data: bytes, size: int) -> Identity | None:
    """A named semaphore as glibc writes it: struct new_sem, 32 bytes (sem_t), mostly zero.

    Little-endian: 32 bits of value, 32 of waiters, the private flag (nptl/semaphoreP.h).
    """
    if size != 32 or len(data) != 32 or data[16:] != bytes(16) or data[9:12] != bytes(3):
        return None
    value, waiters, private = _u32(data, 0), _u32(data, 4), _u32(data, 8)
    if (
        value < 1 << 16
        and waiters < 1 << 16
        and private in (0, 128)
        and (value or waiters or private)
    ):
        return Identity("semaphore", f"value {value}, {waiters} waiting")
    return None


def identify_media_box(data: bytes, size: int) -> Identity | None:
    """ISO base media: the first box is ``ftyp`` and its size is sane."""
    if data[4:8] == b"ftyp" and 8 < _b32(data, 0) <= min(size, 4096):
        return Identity("mp4")
    return None


def identify_login_records(data: bytes, size: int) -> Identity | None:
    """utmp or wtmp."""
    return Identity("utmp") if _utmp(data, size) else None


def identify_kernel(data: bytes, size: int) -> Identity | None:
    """A Linux boot image (Documentation/arch/x86/boot.rst)."""
    return Identity("kernel") if _linux_kernel(data, size) else None
