"""Bytes as text: UTF-8 or ASCII, UTF-16 with and without a mark; anything else is not text."""

from __future__ import annotations

from triage.content.measure import PRINTABLE, spread_sample
from triage.records import dataclass

#: What text may hold besides printable characters: escapes, form feeds, bells, backspaces.
_LOOSE = bytes([7, 8, 12, 27, *PRINTABLE])
_TEXT_OR_ZERO = bytes([0, *_LOOSE, *range(128, 256)])
_EXAMINED, _CHECKED, _PEEK = 16384, 2048, 256
_UTF16_LEAST = 6


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of the first bytes, and how it was written."""

    text: str
    traits: tuple[str, ...] = ()


def decode(data: bytes) -> Decoded | None:
    """The bytes' first 16 KiB as text, ``None`` when they are not text.

    Text in large data must be text all over: the rest is sampled.
    """
    head = data[:_EXAMINED]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        order = "utf-16-le" if head[0] == 0xFF else "utf-16-be"
        return _utf16(head[2:], order)
    if head[:3] == b"\xef\xbb\xbf":
        found = _bytewise(head[3:], data)
        return None if found is None else Decoded(found.text, ("utf-8-bom", *found.traits))
    if len(head) >= _UTF16_LEAST and 0 in head[:_UTF16_LEAST]:
        return _unmarked_utf16(head)
    return _bytewise(head, data)


def _bytewise(head: bytes, data: bytes) -> Decoded | None:
    traits: tuple[str, ...] = ()
    if _clearly_binary(head[:_PEEK]):
        return None
    if b"\0" in head:
        stripped = head.rstrip(b"\0")
        if b"\0" in stripped or len(stripped) < 4 or len(head) < len(data):
            return _multiple(head, stripped) if len(head) - len(stripped) < 3 else None
        head, traits = stripped, ("nul-terminated",)
    checked = head if len(data) <= _EXAMINED else head[:_CHECKED]
    if checked.translate(None, _LOOSE) and not _mostly_text(checked):
        return None
    if len(data) > _EXAMINED and not _rest_is_text(data):
        return None
    return Decoded(head.decode("utf-8", "replace"), traits)


def _clearly_binary(first: bytes) -> bool:
    """More control characters than any text has (high bytes may be UTF-8)."""
    odd = first.translate(None, _TEXT_OR_ZERO)
    return len(odd) * 20 > len(first) and len(first) >= 16


def _multiple(head: bytes, stripped: bytes) -> Decoded | None:
    """Several texts, each ended by a zero (an environment, a command line, REG_MULTI_SZ)."""
    parts = stripped.split(b"\0")
    if len(stripped) < 16 or b"" in parts or stripped.replace(b"\0", b"").translate(None, _LOOSE):
        return None
    if len(stripped) / len(parts) < 4 or min(map(len, parts)) < 2:
        return None
    return Decoded(stripped.replace(b"\0", b"\n").decode("ascii"), ("nul-terminated",))


def _mostly_text(head: bytes) -> bool:
    """Valid UTF-8 (or another ASCII superset with rare high bytes), few control characters."""
    others = head.translate(None, _LOOSE)
    high = len(others.translate(None, bytes(range(128))))
    if len(others) - high > len(head) // 200:
        return False
    if len(head) < 4:
        return False
    try:
        head.decode("utf-8")
        return True
    except UnicodeDecodeError as error:
        # A character cut at the end is no fault.
        if error.start >= len(head) - 3 and len(head) > 16:
            return True
    return high * 5 < len(head) and len(head) >= 16


def _rest_is_text(data: bytes) -> bool:
    some = spread_sample(data, 1024)
    odd = some.translate(None, _LOOSE)
    high = len(odd.translate(None, bytes(range(128))))
    return len(odd) - high <= len(some) // 100 and high * 3 < len(some)


def _unmarked_utf16(head: bytes) -> Decoded | None:
    """Every second byte is zero, or nearly: UTF-16 of mostly Latin text."""
    for order, low in (("utf-16-le", 0), ("utf-16-be", 1)):
        if head[low] and head[low + 2]:
            peek, some = head[:_PEEK], head[:_CHECKED]
            if _mostly_zero(peek[1 - low :: 2]) and _mostly_zero(some[1 - low :: 2]):
                return _utf16(head, order) if _mostly_set(some[low::2]) else None
    return None


def _mostly_zero(high: bytes) -> bool:
    return high.count(0) * 8 >= len(high) * 7


def _mostly_set(low: bytes) -> bool:
    """Characters, not mostly zeros: a fixed-size field may be padded at its end."""
    return low.rstrip(b"\0").count(0) * 8 < len(low)


def _utf16(head: bytes, order: str) -> Decoded | None:
    """Text in that byte order, at least two characters, nearly all of them printable."""
    text = head[: len(head) // 2 * 2].decode(order, "replace").rstrip("\0")
    if len(text) < 2:
        return None
    plain = text.replace("\0", "\n") if "\0" in text else text
    if plain.isascii():
        some = plain[:_CHECKED].encode("ascii")
        odd = len(some.translate(None, _LOOSE))
        return Decoded(plain, ("utf-16",)) if odd * 50 <= len(some) else None
    odd = sum(1 for one in plain[:512] if not (one.isprintable() or one in "\r\n\t"))
    if odd * 50 > len(plain[:512]) or not _one_script(plain[:512]):
        return None
    return Decoded(plain, ("utf-16",))


def _one_script(text: str) -> bool:
    """Real text stays in few blocks of Unicode; bytes read as UTF-16 jump about.

    CJK and Hangul spread over many blocks and count as one.
    """
    blocks = {ord(one) >> 8 for one in text}
    spread = {0x4E if 0x4E <= one < 0xA0 or 0xAC <= one < 0xD8 else one for one in blocks}
    wide = {0x4E, 0x30, 0xFF, 0x20, 0x00, 0x22, 0x26, 0x21, 0x25, 0xF9}
    return len(spread - wide) <= 3 and (len(spread) <= 3 or len(text) >= 8 * len(spread))
