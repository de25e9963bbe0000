"""Attacker-chosen text -> text that is safe to show. The one door to every renderer.

A process can call itself ``ESC[2J``, a file name can run right to left or hold a newline, a
registry value can be 10 KB of stacked accents. Whatever evidence says, the analyst sees it as
visible characters on one line, and can tell exactly what was there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

#: Shown at the end of a text that ``limit`` cut.
ELLIPSIS = "…"

#: Accents that may follow one character. Fully pointed Hebrew and stacked Tibetan need four.
_MARKS = 4
# Pictures, not ``\\n``: in a Windows path ``\\t`` and ``\\r`` begin names.
_SHORT = {"\n": "\u240a", "\r": "\u240d", "\t": "\u2409"}
_PICTURES = frozenset(_SHORT.values())
_LOOKS_ESCAPED = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})")

# Characters that Unicode calls letters, marks or symbols but that show nothing: Unicode
# DerivedCoreProperties.txt, Default_Ignorable_Code_Point (joiner, Hangul and Khmer fillers,
# variation selectors), and blanks by design (Braille, a null note head, hieroglyph blanks,
# the object placeholder).
_INVISIBLE = frozenset(
    chr(point)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0xFFFC, 0xFFFC),
        (0x13441, 0x13442),
        (0x16FE4, 0x16FE4),
        (0x1D159, 0x1D159),
        (0xE0100, 0xE01EF),
    )
    for point in range(first, last + 1)
)


def printable(text: str | bytes, *, limit: int | None = None) -> str:
    r"""``text`` as one line of visible characters, in at most ``limit`` of them.

    Ordinary text in any script stays as it is. Shown as an escape are control characters, every
    blank but the plain space, line separators, format characters (bidirectional overrides,
    zero-width, tags), private, unassigned and invisible characters, lone surrogates, accents
    without a letter before them and those beyond the fourth on one letter:

    * line feed, carriage return and tab as their pictures ``␊``, ``␍``, ``␉`` (which are escaped
      themselves), else ``\xNN`` for a byte: an ASCII control, or one that is not UTF-8
      (``surrogateescape``);
    * ``\uNNNN`` or ``\UNNNNNNNN`` for a code point, so U+009B and the byte 9B differ.

    Backslashes: a text in which nothing is an escape *or looks like one* is shown as it is
    (``C:\Windows\Temp``). In any other, every backslash is doubled. So two different texts are
    never shown alike: where something looks like an escape, backslashes count in pairs; where
    nothing does, they are literal.

    Not idempotent, and cannot be: what is shown of ``\x1b`` and of an escape must differ, so pass
    each text once. A text without backslashes that needs no escape is a fixed point.

    Look-alike letters of other scripts are ordinary text here. ``limit`` counts characters
    of the result; a cut text ends in ``…`` and is never cut inside an escape. Never raises for
    any text. Unicode data is the running Python's.
    """
    if isinstance(text, bytes):
        text = _decode(text, limit)
    fits = limit is None or len(text) <= limit
    if fits and text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return _show(text, limit)


def _decode(data: bytes, limit: int | None) -> str:
    """The text; with a limit only as many bytes as can matter (four make one character)."""
    if limit is not None:
        data = data[: 4 * (max(limit, 0) + 1)]
    return data.decode("utf-8", "surrogateescape")


def _show(text: str, limit: int | None) -> str:
    # One character more than the limit tells that there is more; the rest need not be read.
    seen = text if limit is None else text[: max(limit, 1) + 1]
    pieces = list(_pieces(seen))
    if any(len(piece) > 1 for piece in pieces) or _LOOKS_ESCAPED.search(seen):
        pieces = ["\\\\" if piece == "\\" else piece for piece in pieces]
    if limit is None:
        return "".join(pieces)
    return _cut(pieces, max(limit, 1))


def _cut(pieces: list[str], limit: int) -> str:
    """As many whole pieces as fit, and the mark when they do not all."""
    total = 0
    fitting = 0
    for piece in pieces:
        total += len(piece)
        if total > limit:
            return "".join(pieces[:fitting]) + ELLIPSIS
        fitting += total <= limit - len(ELLIPSIS)
    return "".join(pieces)


def _pieces(text: str) -> Iterator[str]:
    """Each character as it is shown, backslashes still single."""
    marks = _MARKS  # an accent at the start would sit on whatever stands before the text
    for character in text:
        kind = _kind(character)
        if kind == "mark" and marks < _MARKS:
            marks += 1
            yield character
        elif kind == "plain":
            marks = 0
            yield character
        else:
            marks = _MARKS  # an accent would change how the escape reads
            yield _escape(character)


@lru_cache(maxsize=4096)
def _kind(character: str) -> str:
    """``plain``, ``mark`` (drawn on the character before it) or ``hidden``."""
    if not character.isprintable() or character in _INVISIBLE or character in _PICTURES:
        return "hidden"
    import unicodedata

    return "mark" if unicodedata.category(character) in ("Mn", "Me") else "plain"


def _escape(character: str) -> str:
    point = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if 0xDC80 <= point <= 0xDCFF:  # PEP 383: a byte that was not UTF-8
        return f"\\x{point - 0xDC00:02x}"
    if point < 0x80:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
