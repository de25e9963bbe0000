"""MOF text cut into tokens, with the values that strings and numbers stand for.

The text is one file's, decoded; every token is found once, from left to right, so that hostile
text costs no more than its length. What is not closed ends with the text.

Source: DMTF DSP0004 annex A (MOF grammar); Microsoft, "Managed Object Format (MOF)".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<blank>\s+)
    |(?P<comment>//[^\r\n]*|/\*.*?(?:\*/|\Z))
    |(?P<string>"(?:[^"\\]|\\.)*+"?)
    |(?P<word>[A-Za-z_\u0080-\uffff][\w]*)
    |(?P<alias>\$\w+)
    |(?P<number>[+-]?(?:0[xX][0-9A-Fa-f]+|[01]+[bB]\b|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))
    |(?P<char>'(?:[^'\\\r\n]|\\.){1,8}')
    |(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:[xX]([0-9A-Fa-f]{1,4})|(.))", re.DOTALL)
_PLAIN = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}
_WIDE_LEAST = 16


class Token(NamedTuple):
    """``kind`` is a group of the expression above, ``end`` when the text is over."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text, blanks left out, then one of the kind ``end``."""
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "mark"
        if kind != "blank":
            yield Token(kind, match.group(), match.start())
    yield Token("end", "", len(text))


def unquoted(text: str) -> str:
    """What a string or character token stands for: escapes undone, quotes away."""
    quote = text[0]
    inner = text[1:-1] if len(text) > 1 and text[-1] == quote else text[1:]
    return _ESCAPE.sub(_undone, inner) if "\\" in inner else inner


def _undone(match: re.Match[str]) -> str:
    if match.group(1) is not None:
        return chr(int(match.group(1), 16))
    return _PLAIN.get(match.group(2), match.group(2))


def number(text: str) -> int | float:
    """The value of a number token; 0 for one that is too long to be meant."""
    low = text.lower()
    if len(low) > 64:
        return 0
    if "x" in low:
        return int(low, 16)
    if low.endswith("b"):
        return int(low[:-1], 2)
    return float(low) if set(low) & set(".e") else int(low)


def decoded(data: bytes) -> str:
    """The text of a MOF file: UTF-16 or UTF-8 by its mark or look, else one byte a character."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if len(data) >= _WIDE_LEAST and data[1:_WIDE_LEAST:2].count(0) > _WIDE_LEAST // 3:
        return data.decode("utf-16-le", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
