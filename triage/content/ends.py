"""Where images and sounds end, so that what was appended to them can be seen."""

from __future__ import annotations

from collections.abc import Callable

_STEPS = 100_000


def end_of(data: bytes, kind: str) -> int | None:
    """The offset behind the last byte of the structure; ``None`` when that is not known."""
    find = _ENDS.get(kind)
    end = None if find is None else find(data)
    return end if end is not None and 0 < end <= len(data) else None


def _png(data: bytes) -> int | None:
    at = 8
    for _ in range(_STEPS):
        if at + 12 > len(data):
            return None
        size = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"IEND":
            return at + 12 + size
        at += 12 + size
    return None


def _jpeg(data: bytes) -> int | None:
    """Segments up to the scan, then the end marker: thumbnails are inside segments."""
    at = 2
    for _ in range(_STEPS):
        if at + 4 > len(data) or data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xD9:
            return at + 2
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:
            at = _behind_scan(data, at)
    return None


def _behind_scan(data: bytes, at: int) -> int:
    """The next marker that is neither a stuffed zero nor a restart (ITU T.81, B.1.1.5)."""
    at = data.find(b"\xff", at)
    while 0 <= at < len(data) - 1 and (data[at + 1] == 0 or 0xD0 <= data[at + 1] <= 0xD7):
        at = data.find(b"\xff", at + 2)
    return at if at >= 0 else len(data)


def _gif(data: bytes) -> int | None:
    at = 13 + (3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 0x80 else 0)
    for _ in range(_STEPS):
        lead = data[at : at + 1]
        if lead == b";":
            return at + 1
        if lead == b"!":
            at += 2
        elif lead == b"," and at + 10 <= len(data):
            packed = data[at + 9]
            at += 11 + (3 << (packed & 7) + 1 if packed & 0x80 else 0)
        else:
            return None
        at = _behind_blocks(data, at)
    return None


def _behind_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1


def _bmp(data: bytes) -> int | None:
    return int.from_bytes(data[2:6], "little") or None


def _riff(data: bytes) -> int | None:
    size = int.from_bytes(data[4:8], "little")
    return 8 + size + (size & 1) if size else None


_ENDS: dict[str, Callable[[bytes], int | None]] = {
    "png": _png,
    "jpeg": _jpeg,
    "gif": _gif,
    "bmp": _bmp,
    "webp": _riff,
    "riff": _riff,
}
