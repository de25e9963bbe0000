r"""String literals that are mostly backslash escapes: bytes, as languages write them.

``b'\xe3\x00\n'``, ``'\177ELF\2\1'``, ``"\108\111"`` (Lua counts to base ten): what runs of equal
escapes do not cover, because readable characters and short escapes stand between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.content.candidate import PROVEN, SLOW, WORTHY, Budget, Candidate
from triage.content.patterns import lazy

_LITERAL = lazy(rb"'((?:[^'\\\r\n]|\\[^\r\n]){4,}+)'|\"((?:[^\"\\\r\n]|\\[^\r\n]){4,}+)\"")
_ESCAPE = lazy(rb"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[0-9]{1,3}|.)", re.DOTALL)
_NUMBER = lazy(rb"\\(?:x[0-9A-Fa-f]{2}|u00[0-9A-Fa-f]{2}|[0-9]{1,3})")
_DECIMAL = lazy(rb"\\(?:[0-9]?[0-9]?[89]|[4-9][0-9]{2})")
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f",
            b"v": b"\v", b"e": b"\x1b", b"0": b"\0"}  # fmt: skip
_GAP, _SHARE, _LEAST = 160, 3, 8


def escaped_literals(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """Bytes of neighbouring literals of which a third or more is numeric escapes."""
    if data.count(b"\\") < _LEAST:
        return
    budget.spend(len(data) * 30)
    group: list[bytes] = []
    start = end = 0
    for match in _LITERAL.finditer(data):
        text = match.group(1) or match.group(2)
        if not _mostly_escapes(text) and b"marshal.loads" not in data[: match.start()][-40:]:
            continue
        if group and match.start() - end > _GAP:
            yield from _readings(data, group, start, end, budget)
            group = []
        start = start if group else match.start() + 1
        group.append(text)
        end = match.end() - 1
    yield from _readings(data, group, start, end, budget)


def _mostly_escapes(text: bytes) -> bool:
    return sum(len(one) for one in _NUMBER.findall(text)) * _SHARE >= len(text)


def _readings(
    data: bytes, group: list[bytes], start: int, end: int, budget: Budget
) -> Iterator[Candidate]:
    text = b"".join(group)
    marshalled = b"marshal.loads" in data[max(0, start - 120) : start]
    if not group:
        return
    budget.spend(len(text) * SLOW)
    base = 10 if _DECIMAL.search(text) is not None else 8

    def plain(match: re.Match[bytes]) -> bytes:
        return _plain(match.group(1), base)

    out = _ESCAPE.sub(plain, text)
    if len(out) >= _LEAST:
        step = "string escapes" if base == 8 else "decimal string escapes"
        # code that is marshalled proves little by its bytes, but here the script says it is
        need = PROVEN if marshalled else WORTHY
        yield Candidate(out, "escaped", step, start, end, need, named=True)


def unquoted_literals(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(start, end, text) of literals in which quotes or backslashes are escaped."""
    for match in _LITERAL.finditer(data):
        text = match.group(1) or match.group(2)
        if b"\\" in text and len(text) >= _LEAST_UNQUOTED:
            yield match.start() + 1, match.end() - 1, _ANY.sub(rb"\1", text)


_ANY, _LEAST_UNQUOTED = lazy(rb"\\(.)"), 24


def _plain(escape: bytes, base: int) -> bytes:
    if escape[:1] in (b"x", b"u") and len(escape) > 1:
        value = int(escape[1:], 16)
        return bytes([value]) if value < 256 else chr(value).encode("utf-8", "replace")
    if escape.isdigit():
        return bytes([int(escape, base) & 255])
    return _LETTERS.get(escape, escape)
