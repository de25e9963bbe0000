"""Which texts of events could hold data: the cheap tests, before anything is examined."""

from __future__ import annotations

import re

from triage.content.encodings import from_base64

#: Characters below which a text is no store, and of a run without a blank that no name has.
LEAST, RUN = 96, 100
_HEX = re.compile(r"[0-9A-Fa-f]+")
_CODED = re.compile(r"[A-Za-z0-9+/=_\r\n-]+")
_SPACED = re.compile(
    r"(?:0x|\\x)?[0-9A-Fa-f]{1,3}(?:[\s,;.:-]+(?:0x|\\x)?[0-9A-Fa-f]{1,3}){30,}[\s,;]*"
)
#: A piece with something beside it: its number, its name, what it is quoted in.
_MARKED = re.compile(r"[A-Za-z0-9+/=_-]{40,}")
_NUMBER, _MARK, SHORT_MARK = re.compile(r"[0-9]{1,9}"), 80, 16
#: What separates the parts of paths, names, addresses and lists, and is in no common encoding but
#: at its end.
_JOINTS = str.maketrans(dict.fromkeys('\\.,:;|&?<>"\t\r\n(){}=', " "))
_LONG, _NAME = 400, 44
#: Texts whose parts between joints have at most 65 signs each; possessive, so that it looks at
#: each sign once.
_PARTS = re.compile(
    r"(?:[^\\.,:;|&?<>\"(){}=\s]{0,65}+[\\.,:;|&?<>\"(){}=\s])*+[^\\.,:;|&?<>\"(){}=\s]{0,65}+"
)
_ADDRESS_JOINTS = {**_JOINTS, **str.maketrans(dict.fromkeys("/%!~", " "))}
_ADDRESS = ("https://", "http://")
_SIGNS = ";(){}$="
#: Bytes below which many zeros mean numbers: code and packed data have few.
_SMALL = 512
_SAMPLE, _CODE_LEAST, _SIGNS_SHARE = 2000, LEAST, 33


def is_dense(value: str) -> bool:
    """Whether a text has a long run without a blank, is a list of numbers, or no text at all."""
    if is_strange(value):
        return True
    if value.startswith(_ADDRESS) and " " not in value:
        # Of an address the names between its own signs are looked at, which are seldom as long.
        return max(map(len, value.translate(_ADDRESS_JOINTS).split())) >= _NAME
    if _may_run(value):
        parted = _PARTS.fullmatch(value) is not None
        if not parted and max(map(len, value.split())) >= RUN:
            return True
        sparse = parted and value.count(" ") * _LONG <= len(value)
        if sparse and max(map(len, value.split()), default=0) >= _LONG:
            return True
    return _SPACED.match(value) is not None


def _may_run(value: str) -> bool:
    """Whether so many characters without a blank are in a row somewhere: looked for from blank to
    the last one within reach, which passes over most of them.
    """
    at, last = 0, len(value) - RUN
    while at <= last:
        blank = value.rfind(" ", at, at + RUN)
        if blank < 0:
            return True
        at = blank + 1
    return False


def is_strange(value: str) -> bool:
    """Whether it begins with characters that no language puts together."""
    return not value.isascii() and _is_strange(value[:_SAMPLE])


def _is_strange(sample: str) -> bool:
    """Whether it is of characters that no language puts together: bytes read as UTF-16."""
    letters = sum(1 for c in sample if c.isalpha() or c.isspace())
    strange = sum(1 for c in sample if not c.isprintable() and c not in "\r\n\t")
    return strange * 20 > len(sample) or letters * 2 < len(sample)


def is_code_like(value: str) -> bool:
    """Whether a text has as many signs as programs have."""
    if len(value) < _CODE_LEAST:
        return False
    sample = value[:_SAMPLE]
    counts = [sample.count(sign) for sign in _SIGNS]
    return sum(counts) * _SIGNS_SHARE > len(sample) and sum(n > 1 for n in counts) > 2


def bytes_of(value: str) -> tuple[bytes, bool]:
    """The bytes of a value, and whether it was written in hexadecimal throughout."""
    if len(value) % 2 == 0 and _HEX.fullmatch(value):
        return bytes.fromhex(value), True
    if is_strange(value):  # bytes that were written as letters
        wide = any(char > "\xff" for char in value)
        return value.encode("utf-16-le" if wide else "latin-1", "surrogatepass"), False
    return value.encode("utf-8", "surrogatepass"), False


def is_piece(value: str) -> bool:
    """Whether a value is nothing but encoded data, so that another may continue it."""
    return _CODED.fullmatch(value) is not None


def marked_piece(value: str, mark: int = _MARK) -> tuple[tuple[int, ...], str] | None:
    """The numbers beside the one encoded run that a value is but for a short mark, and the run.

    ``None`` for what has no such run, several, or more than a mark around it.
    """
    run = _MARKED.search(value)
    if run is None or len(value) - len(run.group()) > mark:
        return None
    beside = f"{value[: run.start()]} {value[run.end() :]}"
    return tuple(int(number) for number in _NUMBER.findall(beside)[:8]), run.group()


def head_of(data: bytes, binary: bool) -> bytes:
    """The first bytes of what a value holds, one encoding taken off."""
    if binary or not _CODED.fullmatch(data[:128].decode("latin-1")):
        return data[:96]
    return from_base64(data[:128])[:96]


def is_ordinary_binary(data: bytes) -> bool:
    """Whether bytes are words in UTF-16 without a run in them, or a small record of numbers."""
    wide = data[1::2]
    if wide.count(0) * 5 > len(wide) * 4:
        text = data[: len(data) & ~1].decode("utf-16-le", "replace")
        words = text.replace("\0", " ")
        is_text = text.count("\0") * 5 <= len(text) and not _is_strange(words[:_SAMPLE])
        if is_text:
            return not is_dense(words) and not is_code_like(words)
    return len(data) < _SMALL and data.count(0) * 10 > len(data) * 3
