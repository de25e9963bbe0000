"""Bytes written as numbers: ``\\x4d``, ``0x4d,0x5a``, ``77,90``, ``%u5a4d``, ``4D-5A``, octal.

Each notation has one regular expression for a run of items. The quantifiers are possessive,
so that no input makes them backtrack; runs with little between them (line joins of the host
language) are one list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.content.candidate import GUESS, PLAIN, SLOW, WORTHY, Budget, Candidate
from triage.content.patterns import lazy
from triage.records import dataclass

#: Bytes that may lie between two runs of one list: the end of a string, a line, an assignment.
_GAP = 64
#: Work units for finding one list.
_GROUP = 30_000
_LEAST = 8

_Values = list[int]


@dataclass(frozen=True, slots=True)
class Notation:
    """One way to write bytes: what a run looks like and how its items become values."""

    kind: str
    step: str
    run: re.Pattern[bytes]
    item: re.Pattern[bytes]
    base: int
    width: int = 1


def _notation(kind: str, step: str, run: bytes, item: bytes, base: int, width: int = 1) -> Notation:
    return Notation(kind, step, lazy(run), lazy(item), base, width)


NOTATIONS: tuple[Notation, ...] = (
    _notation("escaped", r"\x escapes", rb"(?:\\x[0-9A-Fa-f]{2}){3,}+", rb"\\x(..)", 16),
    _notation(
        "hex",
        "0x list",
        rb"(?:\b0[xX][0-9A-Fa-f]{1,2}+(?:[uU]|\b)[\s,;:|)(]*+(?:\[?[bB]yte[\])]?\s*+)?+){3,}+",
        rb"0[xX]([0-9A-Fa-f]{1,2})",
        16,
    ),
    _notation(
        "hex",
        "0x list of 32 bits",
        rb"(?:\b0[xX][0-9A-Fa-f]{3,8}+(?:[uUlL]{1,3}|\b)[\s,;:|)(]*+){3,}+",
        rb"0[xX]([0-9A-Fa-f]{3,8})",
        16,
        4,
    ),
    _notation(
        "hex",
        "0x list of 64 bits",
        rb"(?:\b0[xX][0-9A-Fa-f]{9,16}+(?:[uUlL]{1,3}|\b)[\s,;:|)(]*+){3,}+",
        rb"0[xX]([0-9A-Fa-f]{9,16})",
        16,
        8,
    ),
    _notation(
        "hex",
        "&H list",
        rb"(?:&[hH][0-9A-Fa-f]{1,2}+\b[\s,;:|]*+){3,}+",
        rb"&[hH]([0-9A-Fa-f]{1,2})",
        16,
    ),
    _notation(
        "hex",
        "hex with separators",
        rb"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}[ ,:;\-_|.\\\r\n\t]{1,6}+){5,}+(?:[0-9A-Fa-f]{2}\b)?+",
        rb"([0-9A-Fa-f]{2})",
        16,
    ),
    _notation("escaped", "%u escapes", rb"(?:%u[0-9A-Fa-f]{4}){2,}+", rb"%u(.{4})", 16, 2),
    _notation("escaped", r"\u escapes", rb"(?:\\u[0-9A-Fa-f]{4}){2,}+", rb"\\u(.{4})", 16, 2),
    _notation("percent", "percent-encoding", rb"(?:%[0-9A-Fa-f]{2}){3,}+", rb"%(..)", 16),
    _notation(
        "html-entities",
        "character references",
        rb"(?:&#[xX][0-9A-Fa-f]{1,5}+;){3,}+",
        rb"&#[xX]([0-9A-Fa-f]+)",
        16,
    ),
    _notation(
        "html-entities", "character references", rb"(?:&#[0-9]{1,6}+;){3,}+", rb"&#([0-9]+)", 10
    ),
    _notation("octal", "octal escapes", rb"(?:\\0?[0-3][0-7]{2}){3,}+", rb"\\0?([0-3][0-7]{2})", 8),
    _notation(
        "decimal-list",
        "decimal list",
        rb"(?<![0-9A-Za-z.])(?:-?[0-9]{1,3}+[\s,;:|.+!_~\-]{1,6}+){6,}+(?:[0-9]{1,3}+\b)?+",
        rb"(?<![0-9])(-?[0-9]{1,3})",
        10,
    ),
    _notation("decimal-list", "binary digits", rb"(?:[01]{8}[\s,]*+){6,}+", rb"([01]{8})", 2),
    _notation(
        "decimal-list",
        "character codes",
        rb"(?i:(?:\[(?:char|byte)\]|chrw?|chr\$|chrb)\s*+\(?\s*+[0-9]{1,4}+\s*+\)?[\s&+.,_]*+){3,}+",
        rb"([0-9]{1,4})",
        10,
    ),
)

_UUID = lazy(rb"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")


def numbers(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """Each list of numbers in a text that makes at least eight bytes, decoded."""
    for notation in NOTATIONS:
        if _possible(notation, data):
            budget.spend(len(data) * 15)
            yield from _lists(notation, data, budget)
    if data.count(b"-") >= 8:
        budget.spend(len(data) * 8)
        yield from _uuids(data)
    budget.spend(len(data) * 10)
    yield from _addresses(data)
    yield from _split_numbers(data, budget)


_SIGNS: dict[str, tuple[bytes, ...]] = {
    r"\x escapes": (b"\\x",),
    "0x list": (b"0x", b"0X"),
    "0x list of 32 bits": (b"0x", b"0X"),
    "0x list of 64 bits": (b"0x", b"0X"),
    "&H list": (b"&H", b"&h"),
    "%u escapes": (b"%u",),
    r"\u escapes": (b"\\u",),
    "percent-encoding": (b"%",),
    "character references": (b"&#",),
    "octal escapes": (b"\\",),
    "character codes": (b"char", b"Char", b"CHAR", b"chr", b"Chr", b"CHR", b"byte", b"Byte"),
}


def _possible(notation: Notation, data: bytes) -> bool:
    signs = _SIGNS.get(notation.step)
    return signs is None or any(sign in data for sign in signs)


def _lists(notation: Notation, data: bytes, budget: Budget) -> Iterator[Candidate]:
    for start, end, runs in _grouped(notation.run, data):
        items = [int(item, notation.base) for run in runs for item in notation.item.findall(run)]
        budget.spend(_GROUP + len(items) * SLOW * 6)
        if len(items) * notation.width >= _LEAST:
            yield from _readings(notation, items, start, end, whole=end - start >= len(data) - 8)


def _grouped(pattern: re.Pattern[bytes], data: bytes) -> Iterator[tuple[int, int, list[bytes]]]:
    """Runs, those with at most a line join between them put together."""
    start = end = -1
    runs: list[bytes] = []
    for match in pattern.finditer(data):
        if runs and match.start() - end > _GAP:
            yield start, end, runs
            runs = []
        if not runs:
            start = match.start()
        runs.append(match.group())
        end = match.end()
    if runs:
        yield start, end, runs


def _readings(
    notation: Notation, items: _Values, start: int, end: int, *, whole: bool
) -> Iterator[Candidate]:
    for step, data, need in _bytes_of(notation, items):
        if whole:
            yield Candidate(data, notation.kind, step, need=need)
        else:
            yield Candidate(data, notation.kind, step, start, end, need, named=True)


def _bytes_of(notation: Notation, items: _Values) -> Iterator[tuple[str, bytes, int]]:
    step, low, high = notation.step, min(items), max(items)
    if low >= 0 and high <= 255:
        yield step, bytes(items), PLAIN
    elif low >= -128 and high <= 127:
        yield f"{step}, signed", bytes(item & 255 for item in items), PLAIN
    elif notation.kind in ("html-entities", "decimal-list") and low >= 0 and high < 0xD800:
        yield step, "".join(map(chr, items)).encode(), WORTHY
    if notation.width >= 2 and high > 255:
        yield step, b"".join(item.to_bytes(notation.width, "little") for item in items), PLAIN
        big = b"".join(item.to_bytes(notation.width, "big") for item in items)
        yield f"{step}, highest byte first", big, WORTHY


def _uuids(data: bytes) -> Iterator[Candidate]:
    """Machine code stored as UUID strings: three fields little-endian, or all as written."""
    for start, end, runs in _grouped(_UUID, data):
        if len(runs) < 4:
            continue
        out, plain = bytearray(), bytearray()
        for run in runs:
            one = bytes.fromhex(run.replace(b"-", b"").decode("ascii"))
            out += one[3::-1] + one[5:3:-1] + one[7:5:-1] + one[8:]
            plain += one
        yield Candidate(bytes(out), "hex", "UUID strings", start, end, WORTHY, named=True)
        step = "UUID strings, as written"
        yield Candidate(bytes(plain), "hex", step, start, end, WORTHY, named=True)


_IPV4 = lazy(rb"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.])")
_IPV6 = lazy(rb"(?<![0-9A-Za-z:])(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}(?![0-9A-Za-z:])")
_LEAST_ADDRESSES = 4


def _addresses(data: bytes) -> Iterator[Candidate]:
    """Machine code stored as strings of addresses, four or sixteen bytes in each."""
    for sign, step, pattern, convert in (
        (b".", "IPv4 strings", _IPV4, _of_ipv4),
        (b":", "IPv6 strings", _IPV6, _of_ipv6),
    ):
        if data.count(sign) < 3 * _LEAST_ADDRESSES:
            continue
        for start, end, runs in _grouped(pattern, data):
            values = [convert(run) for run in runs] if len(runs) >= _LEAST_ADDRESSES else []
            whole = b"".join(value for value in values if value is not None)
            if values and None not in values:
                yield Candidate(whole, "hex", step, start, end, WORTHY, named=True)
    if data.count(b".") >= 6 * _LEAST_ADDRESSES and data.count(b"\n") >= _LEAST_ADDRESSES:
        yield from _in_lines(data)


_LINE_ADDRESS = lazy(rb"(?m)^[ \t]*+((?:[0-9]{1,3}\.){3}[0-9]{1,3})[ \t,;][^\n]{0,200}$")


def _in_lines(data: bytes) -> Iterator[Candidate]:
    """Addresses that each begin a line, as in a table of hosts."""
    runs = _LINE_ADDRESS.findall(data)
    if len(runs) < 2 * _LEAST_ADDRESSES or len(runs) * 10 < data.count(b"\n") * 8:
        return
    values = [_of_ipv4(run) for run in runs]
    whole = b"".join(value for value in values if value is not None)
    if None not in values:
        yield Candidate(whole, "hex", "IPv4 addresses at the lines' beginnings", need=GUESS)


def _of_ipv4(text: bytes) -> bytes | None:
    parts = [int(part) for part in text.split(b".")]
    return bytes(parts) if max(parts) < 256 else None


def _of_ipv6(text: bytes) -> bytes | None:
    return b"".join(int(part, 16).to_bytes(2, "big") for part in text.split(b":"))


_QUOTED_NUMBERS = lazy(
    rb"(['\"])((?:[0-9]{1,8}[^0-9'\"\s]{1,2}){11,}+[0-9]{0,8}[^0-9'\"\s]{0,2})\1"
)
_DIGITS = lazy(rb"[0-9]{1,8}")
_BIG = lazy(rb"(?<![0-9A-Za-z.])[0-9]{100,4300}(?![0-9A-Za-z.])")


def _split_numbers(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """Numbers in one string literal with any signs between them, and one very big number."""
    for number, match in enumerate(_QUOTED_NUMBERS.finditer(data)):
        if number >= _MOST_LITERALS:
            break
        items = _DIGITS.findall(match.group(2))
        budget.spend(_GROUP + len(items) * SLOW * 6)
        for base in _bases(items):
            values = [int(item, base) for item in items]
            if max(values) < 256:
                step = f"numbers to base {base}, split"
                start, end = match.span(2)
                yield Candidate(bytes(values), "decimal-list", step, start, end, WORTHY, named=True)
    for match in _BIG.finditer(data):
        budget.spend(_GROUP * 10)
        value = int(match.group())
        size = (value.bit_length() + 7) // 8
        for order in ("big", "little"):
            out = value.to_bytes(size, "big" if order == "big" else "little")
            step = f"one number, {order}-endian"
            yield Candidate(out, "decimal-list", step, *match.span(), WORTHY, named=True)


_MOST_LITERALS = 64


def _bases(items: list[bytes]) -> Iterator[int]:
    """The bases in which numbers can be written with these digits; few digits say which."""
    digits = set(b"".join(items))
    if digits <= set(b"01"):
        yield 2
        return
    if max(map(len, items)) <= 3:
        yield 10
        if digits <= set(b"01234567"):
            yield 8
