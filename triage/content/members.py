"""Members of zip and tar archives, read from their own headers, bounded.

The standard library's ``zipfile`` and ``tarfile`` raise a dozen exceptions on hostile input
and need an intact directory; what is wanted here is the bytes of the members, also of an
archive that is cut short, so the headers are read directly (APPNOTE.TXT 4.3.7, POSIX ustar).
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any

from triage.content.candidate import PROVEN, WORTHY, Budget, Candidate
from triage.content.compressed import BOMB_RATIO, run
from triage.content.listings import cab_members

_LOCAL = Struct("<4sHHHHHIIIHH")
_CENTRAL = Struct("<4sHHHHHHIIIHHHHHII")
_MEMBERS = 64
_MAKERS: dict[int, Callable[[], Any]] = {
    8: lambda: zlib.decompressobj(-15),
    12: bz2.BZ2Decompressor,
    95: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=128 << 20),
}


def zip_members(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """The readable members of a zip archive. Encrypted ones are left to the identity."""
    found = 0
    sizes = _central_sizes(data)
    at = data.find(b"PK\x03\x04")
    while at >= 0 and found < _MEMBERS and at + _LOCAL.size <= len(data):
        (_, _, flags, method, _, _, crc, packed, _, name_size, extra) = _LOCAL.unpack_from(data, at)
        body = at + _LOCAL.size + name_size + extra
        packed = sizes.get(at, packed)
        known = packed != 0xFFFFFFFF and (packed > 0 or not flags & 8)
        chunk = data[body : body + packed] if known else data[body:]
        if not flags & 1 and body <= len(data):
            yield from _zip_member(method, chunk, crc, body, budget)
        found += 1
        at = data.find(b"PK\x03\x04", body + len(chunk) if known else at + 4)


def _zip_member(
    method: int, chunk: bytes, crc: int, start: int, budget: Budget
) -> Iterator[Candidate]:
    if method == 0:
        if chunk:
            end = start + len(chunk)
            yield Candidate(chunk, "zip", "zip member (stored)", start, end, PROVEN)
        return
    maker = _MAKERS.get(method)
    if maker is None:
        return
    budget.spend(len(chunk))
    stream = run(maker, chunk, budget.room())
    if stream is None or not stream.data:
        return
    budget.spend(len(stream.data) * 4)
    if stream.cut:
        budget.note("bomb" if len(stream.data) > BOMB_RATIO * stream.used else "output")
    proven = stream.ended or stream.cut or zlib.crc32(stream.data) == crc
    end = start + stream.used
    yield Candidate(stream.data, "zip", "zip member", start, end, PROVEN if proven else WORTHY)


def _central_sizes(data: bytes) -> dict[int, int]:
    """Compressed size by offset of the local header, from the central directory."""
    sizes: dict[int, int] = {}
    at = data.find(b"PK\x01\x02")
    while at >= 0 and at + _CENTRAL.size <= len(data) and len(sizes) < 4096:
        row = _CENTRAL.unpack_from(data, at)
        sizes[row[16]] = row[8]
        at = data.find(b"PK\x01\x02", at + _CENTRAL.size + row[10] + row[11] + row[12])
    return sizes


def unlisted(data: bytes, kind: str, budget: Budget) -> Iterator[Candidate]:
    """A cabinet's members; of what cannot be unpacked here it is said that it was not."""
    found = 0
    if kind == "cab":
        budget.spend(len(data) * 8)
        for start, end, name, body in cab_members(data, budget.room()):
            found += 1
            budget.spend(len(body) * 4)
            yield Candidate(body, "cab", f"cabinet member {name[:80]}", start, end, PROVEN)
    if not found:
        budget.note(f"needs an unpacker for {kind}")


def tar_members(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """The regular files of a tar archive."""
    at = found = 0
    while at + 512 <= len(data) and found < _MEMBERS:
        header = data[at : at + 512]
        size = _octal(header[124:136])
        if size is None or not _checksum_agrees(header):
            return
        start = at + 512
        if header[156:157] in (b"0", b"\0", b"7") and size:
            budget.spend(size)
            end = min(start + size, len(data))
            found += 1
            if start < end:
                yield Candidate(data[start:end], "tar", "tar member", start, end, PROVEN)
        at = start + (size + 511) // 512 * 512


def _octal(field: bytes) -> int | None:
    text = field.strip(b" \0")
    if not text or text.translate(None, b"01234567"):
        return None
    return int(text, 8)


def _checksum_agrees(header: bytes) -> bool:
    stored = _octal(header[148:156])
    return stored == sum(header) - sum(header[148:156]) + 8 * 32
