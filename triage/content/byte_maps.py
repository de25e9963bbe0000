"""One key byte for all bytes: XOR, ADD, rotation, inversion.

There are about a thousand such transformations. None is tried on the whole: sets of them say
which can make a known header or readable text of the first bytes, and only those are applied.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from triage.content.candidate import GUESS, Budget, Candidate
from triage.content.headers import STARTS, begins_well
from triage.content.measure import PRINTABLE

_HEAD = 320
_TEXT_SAMPLE = 4096
_SHORTEST_TEXT = 24
_LEAST_LIKENESS, _LEAST_GAIN = 0.35, 0.15


@cache
def tables() -> tuple[tuple[str, str, bytes], ...]:
    """(kind, step, translation table) of every map, the most usual first."""
    made = [
        ("xor", f"xor key {key:02x}", bytes(b ^ key for b in range(256))) for key in range(1, 255)
    ]
    made.append(("not", "not (xor key ff)", bytes(b ^ 255 for b in range(256))))
    made += [
        ("add", f"add {key:02x}", bytes((b + key) & 255 for b in range(256)))
        for key in range(1, 256)
    ]
    made += [
        ("rol", f"rotate left {n}", bytes((b << n | b >> 8 - n) & 255 for b in range(256)))
        for n in range(1, 8)
    ]
    made.append(("rol", "bits in reverse order", bytes(map(_mirrored, range(256)))))
    made += [
        ("xor", f"xor key {key:02x}, zero and key kept", _keeping(key)) for key in range(1, 256)
    ]
    made += [
        ("xor", f"subtracted from {key:02x}", bytes((key - b) & 255 for b in range(256)))
        for key in range(256)
    ]
    return tuple(made)


def _mirrored(byte: int) -> int:
    return int(f"{byte:08b}"[::-1], 2)


def _keeping(key: int) -> bytes:
    """XOR that leaves zero and the key alone, so that runs of zeros do not show the key."""
    return bytes(b if b in (0, key) else b ^ key for b in range(256))


def mapped(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """Every map under which ``data`` begins like something known, or reads as text."""
    if len(data) < 12:
        return
    head = data[:_HEAD]
    budget.spend(400_000)
    for number in beginning_well(head, len(data)):
        kind, step, table = tables()[number]
        budget.spend(len(data))
        yield Candidate(data.translate(table), kind, step, need=GUESS)
    yield from _lznt1(data, budget)
    yield from _texts(data, budget)


def beginning_well(head: bytes, size: int) -> list[int]:
    """Numbers of the maps that give ``head`` a known beginning.

    A map of single bytes is known from what becomes of two of them, so the first two bytes of
    every beginning rule nearly all maps out before any is applied.
    """
    first, second = _becoming(head[0]), _becoming(head[1])
    hits: set[int] = set()
    for start in STARTS:
        both = first[start[0]] & second[start[1]]
        while both:
            low = both & -both
            hits.add(low.bit_length() - 1)
            both ^= low
    return [n for n in sorted(hits) if begins_well(head.translate(tables()[n][2]), size)]


@cache
def _becoming(byte: int) -> tuple[int, ...]:
    """By what becomes of ``byte``: the numbers of the maps that do so, as set bits."""
    row = [0] * 256
    for number, (_, _, table) in enumerate(tables()):
        row[table[byte]] |= 1 << number
    return tuple(row)


@cache
def _printing(byte: int) -> int:
    """The maps that make ``byte`` printable, as set bits."""
    row, found = _becoming(byte), 0
    for printable in PRINTABLE:
        found |= row[printable]
    return found


def _lznt1(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """LZNT1 under a single XOR key: its chunks lead from one to the next to the very end."""
    if len(data) < 16:
        return
    ends: tuple[int, ...] = (len(data), len(data) - 2, len(data) - 4)
    for key in range(1, 256):
        if (data[1] ^ key) & 0x70 == 0x30 and _chain_end(data, key) in ends:
            budget.spend(len(data))
            table = tables()[key - 1][2]
            yield Candidate(data.translate(table), "xor", f"xor key {key:02x}", need=GUESS)


def _chain_end(data: bytes, key: int) -> int:
    """Where the chain of chunks ends, or -1 when a header on the way is none ([MS-XCA] 2.5).

    Chunks hold 4 KiB each but the last: a chain of far smaller ones is chance.
    """
    at = 0
    for _ in range(len(data) // 16 + 2):
        if at + 2 >= len(data):
            break
        header = (data[at] ^ key) | (data[at + 1] ^ key) << 8
        if header == 0:
            break
        if header & 0x7000 != 0x3000:
            return -1
        at += (header & 0x0FFF) + 3
    return at


def _texts(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """The maps that make the beginning printable, the likeliest languages first.

    A text that other maps than the right one leave printable must read clearly better
    afterwards than before.
    """
    sample = data[:_TEXT_SAMPLE]
    before = likeness(sample) if not sample.translate(None, PRINTABLE) else 0.0
    if before > 0.5 or len(sample) < _SHORTEST_TEXT:
        return
    yield from _encoded(data, sample, budget)
    rated = _rated(sample)
    budget.spend(len(rated) * len(sample) * 8)
    for score, number in sorted(rated)[:4]:
        if -score < max(_LEAST_LIKENESS, before + _LEAST_GAIN):
            return
        kind, step, table = tables()[number]
        budget.spend(len(data))
        yield Candidate(data.translate(table), kind, step, need=GUESS)


def _encoded(data: bytes, sample: bytes, budget: Budget) -> Iterator[Candidate]:
    """The maps, few at most, that leave nothing but base64 or hex."""
    if len(sample) < 2 * _SHORTEST_TEXT:
        return
    fitting = -1
    for byte in set(sample):
        fitting &= _spelling(byte)
        if not fitting:
            return
    for _ in range(4):
        low = fitting & -fitting
        if not low:
            return
        kind, step, table = tables()[low.bit_length() - 1]
        budget.spend(len(data))
        yield Candidate(data.translate(table), kind, step, need=GUESS)
        fitting ^= low


@cache
def _spelling(byte: int) -> int:
    """The maps that make ``byte`` one of base64's characters or a line break, as set bits."""
    row, found = _becoming(byte), 0
    for sign in _BASE64:
        found |= row[sign]
    return found


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n"


def _rated(sample: bytes) -> list[tuple[float, int]]:
    """(minus likeness, number) of the maps that make a sample printable."""
    fitting = -1
    for byte in set(sample):
        fitting &= _printing(byte)
        if not fitting:
            return []
    rated: list[tuple[float, int]] = []
    while fitting:
        low = fitting & -fitting
        number = low.bit_length() - 1
        rated.append((-likeness(sample.translate(tables()[number][2])), number))
        fitting ^= low
    return rated


def readable(sample: bytes) -> list[int]:
    """The map that makes a sample read best, when it reads well then."""
    rated = sorted(_rated(sample)) if len(sample) >= _SHORTEST_TEXT else []
    return [number for score, number in rated[:1] if -score >= _LEAST_LIKENESS]


def reads_well(sample: bytes) -> bool:
    """Whether a printable text already has the letters of a language or of code."""
    return likeness(sample) > 0.55 and (b" " in sample or b"\n" in sample)


def likeness(text: bytes) -> float:
    """The share of the letters, spaces and digits that code and prose are made of, 0 to 1."""
    if not text:
        return 0.0
    return (len(text) - len(text.translate(None, b"etaoinsrldcup \n"))) / len(text)
