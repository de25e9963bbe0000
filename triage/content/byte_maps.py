"""One key byte for all bytes: XOR, ADD, rotation, inversion.

There are about 800 such transformations. None is tried on the whole: each maps the first
bytes, and only one that lets a known header or readable text appear there is applied.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from triage.content.candidate import GUESS, Budget, Candidate
from triage.content.headers import begins_well
from triage.content.measure import PRINTABLE

_HEAD = 320
_TEXT_SAMPLE = 4096


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
    made += [
        ("xor", f"xor key {key:02x}, zero and key kept", _keeping(key)) for key in range(1, 256)
    ]
    made += [
        ("xor", f"subtracted from {key:02x}", bytes((key - b) & 255 for b in range(256)))
        for key in range(256)
    ]
    return tuple(made)


def _keeping(key: int) -> bytes:
    """XOR that leaves zero and the key alone, so that runs of zeros do not show the key."""
    return bytes(b if b in (0, key) else b ^ key for b in range(256))


def mapped(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """Every map under which ``data`` begins like something known, or reads as text."""
    head = data[:_HEAD]
    budget.spend(2_000_000)
    for kind, step, table in tables():
        if begins_well(head.translate(table), len(data)):
            budget.spend(len(data))
            yield Candidate(data.translate(table), kind, step, need=GUESS)
    yield from _lznt1(data, budget)
    yield from _texts(data, budget)


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
    """Where the chain of chunks ends, or -1 when a header on the way is none ([MS-XCA] 2.5)."""
    at = 0
    while at + 2 < len(data):
        header = (data[at] ^ key) | (data[at + 1] ^ key) << 8
        if header == 0:
            break
        if header & 0x7000 != 0x3000:
            return -1
        at += (header & 0x0FFF) + 3
    return at


@cache
def _unprintable() -> tuple[tuple[str, str, bytes, bytes], ...]:
    """For each map also the input bytes that become printable (to delete and look what stays)."""
    allowed = set(PRINTABLE)
    return tuple(
        (kind, step, table, bytes(b for b in range(256) if table[b] in allowed))
        for kind, step, table in tables()
    )


def _texts(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """The maps that make the beginning printable, the likeliest languages first."""
    sample = data[:_TEXT_SAMPLE]
    short = sample[:64]
    if len(short) < 12 or (not sample.translate(None, PRINTABLE) and reads_well(sample)):
        return
    rated: list[tuple[float, int]] = []
    for number, (_, _, table, delete) in enumerate(_unprintable()):
        if not short.translate(None, delete) and not sample.translate(None, delete):
            rated.append((-likeness(sample.translate(table)), number))
    budget.spend(len(rated) * len(sample) * 8)
    for score, number in sorted(rated)[:4]:
        if score > -0.35:
            return
        kind, step, table, _ = _unprintable()[number]
        budget.spend(len(data))
        yield Candidate(data.translate(table), kind, step, need=GUESS)


def reads_well(sample: bytes) -> bool:
    """Whether a printable text already has the letters of a language or of code."""
    return likeness(sample) > 0.55 and (b" " in sample or b"\n" in sample)


def likeness(text: bytes) -> float:
    """The share of the letters, spaces and digits that code and prose are made of, 0 to 1."""
    if not text:
        return 0.0
    return (len(text) - len(text.translate(None, b"etaoinsrldcup \n"))) / len(text)
