"""LZ4 blocks and frames (``lz4_Block_format.md`` and ``lz4_Frame_format.md`` of the project)."""

from __future__ import annotations

_FRAME = b"\x04\x22\x4d\x18"
_BLOCK_SIZES = {4: 64 << 10, 5: 256 << 10, 6: 1 << 20, 7: 4 << 20}


def block(data: bytes, limit: int, before: bytes = b"") -> bytes | None:
    """One block's bytes, at most ``limit``; ``None`` when it is not a whole, valid block.

    ``before`` is what linked blocks may refer to (the last 64 KiB of output).
    """
    out = bytearray(before)
    at, end, base = 0, len(data), len(before)
    while at < end:
        token = data[at]
        literals, at = _length(data, at + 1, token >> 4)
        if at + literals > end or len(out) - base + literals > limit:
            return None
        out += data[at : at + literals]
        at += literals
        if at == end:
            return bytes(out[base:])
        if at + 2 > end:
            return None
        distance = data[at] | data[at + 1] << 8
        match, at = _length(data, at + 2, token & 15)
        if distance == 0 or distance > len(out) or len(out) - base + match + 4 > limit:
            return None
        _copy(out, distance, match + 4)
    return None


def _length(data: bytes, at: int, nibble: int) -> tuple[int, int]:
    total = nibble
    if nibble == 15:
        while at < len(data):
            total += data[at]
            at += 1
            if data[at - 1] != 255:
                break
    return total, at


def _copy(out: bytearray, distance: int, length: int) -> None:
    begin = len(out) - distance
    if distance >= length:
        out += out[begin : begin + length]
    else:
        pattern = bytes(out[begin:])
        out += (pattern * (length // distance + 1))[:length]


def frame(data: bytes, limit: int) -> tuple[bytes, int] | None:
    """The bytes of a frame, at most about ``limit``, and where it ends; ``None`` if none.

    A damaged or cut frame gives the blocks before the damage.
    """
    header = _header(data)
    if header is None:
        return None
    at, size, linked, checks = header
    out = bytearray()
    while at + 4 <= len(data) and len(out) < limit:
        length = int.from_bytes(data[at : at + 4], "little")
        at += 4
        if length == 0:
            break
        stored, length = bool(length >> 31), length & 0x7FFFFFFF
        body = data[at : at + length]
        if length > size + (size >> 7) + 64 or len(body) < length:
            break
        window = bytes(out[-65536:]) if linked else b""
        piece = body if stored else block(body, size, window)
        if piece is None:
            break
        out += piece
        at += length + (4 if checks else 0)
    return (bytes(out), at) if out else None


def _header(data: bytes) -> tuple[int, int, bool, bool] | None:
    """(where blocks begin, their greatest size, linked, with checksums)."""
    if len(data) < 11 or not data.startswith(_FRAME):
        return None
    flags, descriptor = data[4], data[5]
    size = _BLOCK_SIZES.get(descriptor >> 4 & 7)
    if flags >> 6 != 1 or size is None:
        return None
    at = 7 + (8 if flags & 8 else 0) + (4 if flags & 1 else 0)
    return at, size, not flags & 0x20, bool(flags & 0x10)
