"""What a value's bytes look like, in a few numbers that are cheap for every value of a hive.

They decide nothing: they tell which values are worth the examination of their content.
"""

from __future__ import annotations

from collections import Counter
from math import log2
from typing import Any, NamedTuple

HEAD = 8
ENTROPY_FROM = 512
LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-")
MARKS = frozenset(range(0x20, 0x7F)) - LETTERS | frozenset(b"\t\n\r")
_LETTERS, _MARKS, _HIGHS = bytes(LETTERS), bytes(MARKS), bytes(range(0x80, 0x100))


class Looks(NamedTuple):
    """Numbers for one value; in the whole-array scan each is an array over many values.

    ``size`` counts the bytes that are there, ``declared`` those that the record states. Of the
    bytes, ``zeros`` are NUL, ``letters`` of the alphabets of base64 and hexadecimal, ``marks``
    other printable ASCII with tab and line ends, ``highs`` 0x80 and above; the rest are control
    characters. ``wide`` counts NULs at odd places: half of the bytes in UTF-16 text. ``head`` is
    the first 8 bytes as a little-endian number. ``entropy`` is in bits per byte, and 0.0 where
    there are fewer than 512 bytes or 3 in 10 are NUL (it cannot pass 6.5 there). ``odd`` is
    whether name, type or length are out of the ordinary.
    """

    size: Any
    declared: Any
    type: Any
    odd: Any
    head: Any
    zeros: Any
    wide: Any
    letters: Any
    marks: Any
    highs: Any
    entropy: Any


def look(data: bytes, declared: int, kind: int, odd: bool) -> Looks:
    """The looks of one value."""
    size, zeros = len(data), data.count(0)
    return Looks(
        size, declared, kind, odd, int.from_bytes(data[:HEAD], "little"), zeros,
        data[1::2].count(0),
        size - len(data.translate(None, _LETTERS)), size - len(data.translate(None, _MARKS)),
        size - len(data.translate(None, _HIGHS)),
        entropy(data) if dense(size, zeros) else 0.0,
    )  # fmt: skip


def dense(size: Any, zeros: Any) -> Any:
    """Whether entropy is told (one value, or arrays)."""
    return (size >= ENTROPY_FROM) & (zeros * 10 < size * 3)


def entropy(data: bytes) -> float:
    """Bits per byte of data that is not empty."""
    total = len(data)
    return log2(total) - sum(n * log2(n) for n in Counter(data).values()) / total
