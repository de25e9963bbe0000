"""Bytes shown by a dump program: xxd, hexdump, od, certutil, debuggers.

Every line begins with an offset, and the offsets grow by what the lines hold. That, and nothing
in the digits, tells a dump from a table: it also says in which base the offsets are written and
where the column of characters begins.
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.content.candidate import PLAIN, SLOW, Budget, Candidate
from triage.content.patterns import lazy

_LINE = lazy(rb"^[ \t]{0,8}([0-9A-Fa-f]{4,16})(:?)[ \t]{1,8}([^\r\n]{2,400})\r?$")
_WORDS = {
    16: lazy(rb"(?:[0-9A-Fa-f]{2}){1,8}$"),
    8: lazy(rb"[0-3][0-7]{2}$"),
    2: lazy(rb"[01]{8}$"),
}
_LEAST_LINES, _MOST_LINES = 2, 1 << 18
_REPEATED = b"*"

#: Offset, whether a colon follows it, and what comes behind.
_Row = tuple[bytes, bool, bytes]


def dumps(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """The bytes of a dump that the text is, or that is a part of it."""
    budget.spend(len(data) * 8)
    rows, start, end = _rows(data)
    if len(rows) < _LEAST_LINES:
        return
    budget.spend(len(data) * SLOW)
    for base in (16, 8, 10):
        for digits, swapped in ((16, False), (16, True), (8, False), (2, False)):
            out = _joined(rows, base, digits, swapped)
            if out is not None:
                step = f"dump, offsets to base {base}"
                whole = end - start >= len(data) - 8
                first, last = (None, None) if whole else (start, end)
                yield Candidate(out, "hex", step, first, last, PLAIN, named=not whole)


def has_dump(data: bytes) -> bool:
    """Whether a few lines in a row begin as lines of a dump do."""
    hits = 0
    for line in data[:4096].split(b"\n")[:40]:
        hits = hits + 1 if _LINE.match(line.rstrip(b"\r")) else 0
        if hits >= _LEAST_LINES:
            return True
    return False


def _rows(data: bytes) -> tuple[list[_Row], int, int]:
    """The longest run of lines that look like a dump's, and where it is."""
    best: tuple[list[_Row], int, int] = ([], 0, 0)
    rows: list[_Row] = []
    at = start = 0
    for line in data.split(b"\n", _MOST_LINES):
        match = _LINE.match(line)
        if match is not None:
            start = start if rows else at
            rows.append((match.group(1), bool(match.group(2)), match.group(3)))
        elif not (line.strip() == _REPEATED or _is_last(line, rows)):
            if len(rows) > len(best[0]):
                best = rows, start, at
            rows = []
        at += len(line) + 1
    return max(best, (rows, start, min(at, len(data))), key=lambda one: len(one[0]))


def _is_last(line: bytes, rows: list[_Row]) -> bool:
    """A last line has the offset of the end alone."""
    return bool(rows) and len(line.strip()) == len(rows[-1][0])


def _joined(rows: list[_Row], base: int, digits: int, swapped: bool) -> bytes | None:
    """The bytes when every line holds what lies between its offset and the next."""
    out = bytearray()
    try:
        offsets = [int(offset, base) for offset, _, _ in rows]
    except ValueError:
        return None
    width = 0
    for number, (_, _, words) in enumerate(rows):
        last = number + 1 == len(rows)
        wanted = None if last else offsets[number + 1] - offsets[number]
        if wanted is not None and not 0 < wanted <= 1 << 20:
            return None
        width = wanted if wanted is not None and wanted <= 256 else width
        line = _bytes_of(words, digits, swapped, width)
        if not line or (not last and len(line) != width):
            return None
        # lines like the one before are left out, a star stands for them
        out += line if wanted is None else line * (wanted // width)
    return bytes(out)


def _bytes_of(words: bytes, digits: int, swapped: bool, most: int) -> bytes:
    """At most ``most`` bytes from the words of one line, up to the column of characters."""
    out = bytearray()
    pattern = _WORDS[digits]
    for word in words.replace(b"-", b" ").replace(b"|", b" | ").split():
        if len(out) >= most or pattern.match(word) is None:
            break
        value = bytes.fromhex(word.decode("ascii")) if digits == 16 else bytes([int(word, digits)])
        out += value[::-1] if swapped else value
    return bytes(out[:most])
