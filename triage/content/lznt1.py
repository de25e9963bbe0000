"""LZNT1, the compression behind ``RtlCompressBuffer`` and NTFS ([MS-XCA] section 2.5)."""

from __future__ import annotations

_SIGNATURE = 0x3000
_CHUNK = 4096


def chunks(data: bytes, start: int = 0) -> list[tuple[int, int, bool]]:
    """The chain of chunks from ``start``: (offset of body, size, compressed).

    Empty when a header on the way is not one of LZNT1. The chain ends at a zero header, at
    the end of the data, or at a chunk that is cut short.
    """
    found: list[tuple[int, int, bool]] = []
    at, end = start, len(data)
    while at + 2 < end:
        header = data[at] | data[at + 1] << 8
        if header == 0:
            break
        size = (header & 0x0FFF) + 1
        packed = bool(header & 0x8000)
        if header & 0x7000 != _SIGNATURE or (not packed and size != _CHUNK and at + 2 + size < end):
            return []
        found.append((at + 2, min(size, end - at - 2), packed))
        at += 2 + size
    return found


def decompress(data: bytes, start: int = 0, limit: int = 1 << 25) -> bytes | None:
    """The decompressed bytes, at most ``limit``; ``None`` when the data is not LZNT1.

    A last chunk that is cut short gives what it holds.
    """
    chain = chunks(data, start)
    out = bytearray()
    for number, (at, size, packed) in enumerate(chain):
        if len(out) >= limit:
            break
        body = data[at : at + size]
        piece = _chunk(body) if packed else body
        if piece is None:
            return None
        if len(piece) < _CHUNK and number < len(chain) - 1 and packed:
            return None  # only the last chunk may hold less than 4096 bytes
        out += piece
    return bytes(out[:limit]) if chain else None


def _chunk(body: bytes) -> bytes | None:
    out = bytearray()
    at, end = 0, len(body)
    while at < end:
        flags = body[at]
        at += 1
        for bit in range(8):
            if at >= end:
                break
            if not flags >> bit & 1:
                out.append(body[at])
                at += 1
                continue
            if at + 1 >= end:
                return bytes(out)
            if not _copy(out, body[at] | body[at + 1] << 8):
                return None
            at += 2
    return bytes(out) if len(out) <= _CHUNK else None


def _copy(out: bytearray, token: int) -> bool:
    """Append one back reference; its split into offset and length moves with the position."""
    position = len(out)
    if position == 0:
        return False
    bits = max(4, (position - 1).bit_length())
    length = (token & (0xFFFF >> bits)) + 3
    distance = (token >> (16 - bits)) + 1
    if distance > position or position + length > _CHUNK:
        return False
    if distance >= length:
        begin = position - distance
        out += out[begin : begin + length]
    else:
        pattern = bytes(out[-distance:])
        out += (pattern * (length // distance + 1))[:length]
    return True
