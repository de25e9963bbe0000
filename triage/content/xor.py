"""Repeating XOR keys, recovered from what must be under them instead of being guessed.

Three ways, cheapest first:

* a header whose fields are known solves the key byte by byte (:func:`_from_headers`);
* equal key bytes cancel out between two places one key length apart, so the "difference" of
  a well-known phrase can be searched anywhere (:func:`_from_phrases`);
* the coincidence index gives the key length, and the most frequent byte of each column the
  key: zero in programs, and what makes the column readable in text (:func:`_from_columns`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from triage.content.candidate import GUESS, SLOW, Budget, Candidate
from triage.content.headers import begins_well
from triage.content.measure import PRINTABLE, printable_ratio, spread_sample

LONGEST = 64
_SURPLUS = 3
_FEW, _PROBE = 1024, 8192
#: Tried on what is too short to show the length of its key.
_USUAL_LENGTHS = (2, 3, 4)
_SHORTEST_COLUMN = 20
_STUB = b"This program cannot be run in DOS mode.\r\r\n$"
_PHRASES = (
    _STUB,
    b"This program must be run under Win32",
    b"/lib64/ld-linux-x86-64.so.2\x00",
    b"/lib/ld-linux",
    b"__libc_start_main\x00",
    b"GetProcAddress\x00",
    b"KERNEL32.dll\x00",
    b"\x00.shstrtab\x00",
    b"FromBase64String",
    b"powershell",
    b"System.Net.WebClient",
    b"New-Object ",
    b"Invoke-Expression",
    b"/dev/tcp/",
    b"/bin/bash",
    b"#!/bin/sh\n",
    b"/bin/sh\x00",
    b"function ",
    b"CreateObject(",
    # instructions that shellcode cannot do without: the PEB by way of gs or fs and the list of
    # modules behind it; a shell's name in a register; a socket and what follows it
    bytes.fromhex("65488b5260488b5218488b5220488b7250"),
    bytes.fromhex("648b50308b520c8b52148b7228"),
    bytes.fromhex("648b52308b520c8b52148b7228"),
    b"\x48\xbb//bin/sh",
    b"\x48\xbb/bin/sh\x00",
    b"\x48\xb8//bin/sh",
    b"\x48\xb8/bin/sh\x00",
    bytes.fromhex("682f2f7368682f62696e89e3"),
    bytes.fromhex("6a2958996a025f6a015e0f05"),
    bytes.fromhex("514889e66a105a6a2a580f05"),
)
_BEGINNINGS = (
    b"#!/bin/bash\n",
    b"#!/bin/sh\n",
    b"#!/usr/bin/env ",
    b"#!/usr/bin/python",
    b"#!/usr/bin/perl",
    b"powershell",
    b"import os",
    b"import socket",
    b"<script",
    b"$client = New-Object",
    b"\xfc\x48\x83\xe4\xf0\xe8\xc0\x00\x00\x00\x41\x51\x41\x50\x52\x51\x56\x48\x31\xd2\x65",
    b"\xfc\x48\x83\xe4\xf0\xe8\xcc\x00\x00\x00\x41\x51\x41\x50\x52\x51\x56\x48\x31\xd2\x65",
    b"\xfc\x48\x83\xe4\xf0\xe8\xc8\x00\x00\x00\x41\x51\x41\x50\x52\x51\x56\x48\x31\xd2\x65",
    b"\xfc\xe8\x82\x00\x00\x00\x60\x89\xe5\x31\xc0\x64\x8b\x50\x30",
    b"\xfc\xe8\x89\x00\x00\x00\x60\x89\xe5\x31\xd2\x64\x8b\x52\x30",
    b"\xfc\xe8\x8f\x00\x00\x00\x60\x31\xd2\x89\xe5\x64\x8b\x52\x30",
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    b"\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46",
    b"BZh91AY&SY",
    b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
    b"PK\x03\x04\x0a\x00\x00\x00\x00\x00",
)


def apply(data: bytes, key: bytes) -> bytes:
    """``data`` XOR ``key``, repeated from the first byte."""
    size = len(data)
    stream = (key * (size // len(key) + 1))[:size]
    both = int.from_bytes(data, "little") ^ int.from_bytes(stream, "little")
    return both.to_bytes(size, "little")


def repeating(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """Candidates for keys of 2 to 64 bytes, and for single ones away from the beginning."""
    seen: set[bytes] = set()
    legible = printable_ratio(data[:_SAMPLE]) > 0.8
    for keys in (_from_headers, _from_phrases, _from_columns):
        if keys is not _from_headers and not _repeats(data):
            return
        for key in keys(data, budget):
            shortest = _shortest(key)
            if shortest in seen or not any(shortest) or len(seen) > 24:
                continue
            if legible and max(shortest) < 0x20:
                continue  # changes letters into other letters: any text survives that
            seen.add(shortest)
            budget.spend(len(data) * 12)
            yield Candidate(apply(data, shortest), "xor", f"xor key {shortest.hex()}", need=GUESS)


def _repeats(data: bytes) -> bool:
    """Whether equal bytes meet at some distance more often than chance lets them.

    Under a repeating key code and text still do so, at the multiples of its length; what is
    compressed or encrypted does not. Few bytes cannot show it.
    """
    if len(data) < _FEW:
        return True
    sample = spread_sample(data, _PROBE, 4)
    value, length = int.from_bytes(sample, "little"), len(sample)
    least = length / 256 + 5 * (length / 256) ** 0.5
    return any(_lagged(value, length, size).count(0) > least for size in range(1, LONGEST + 1))


def _shortest(key: bytes) -> bytes:
    """The period of a key that was found with a multiple of its length."""
    for size in range(1, len(key)):
        if len(key) % size == 0 and key[:size] * (len(key) // size) == key:
            return key[:size]
    return key


# --- headers ----------------------------------------------------------------------------


def _fields(*parts: tuple[int, bytes]) -> dict[int, int]:
    return {at + n: byte for at, chunk in parts for n, byte in enumerate(chunk)}


@cache
def _templates() -> tuple[Mapping[int, int], ...]:
    """Headers as {offset: byte}: DOS headers of the usual linkers, ELF in its usual variants."""
    made = [
        _fields(
            (0, bytes.fromhex("4d5a90000300000004000000ffff0000b80000000000000040000000")),
            (28, bytes(32)),
            (62, bytes(2)),
        ),
        _fields(
            (0, bytes.fromhex("4d5a50000200000004000f00ffff0000b800000000000000")),
            (28, bytes(32)),
            (62, bytes(2)),
        ),
        _fields((0, b"MZ"), (28, bytes(32)), (61, bytes(3))),
    ]
    for system in (0, 3):
        for kind in (2, 3, 1):
            made += [_elf64(system, kind, machine) for machine in (0x3E, 0xB7)]
            made += [_elf32(system, kind, machine) for machine in (3, 40)]
    return tuple(made) + tuple(_fields((0, beginning)) for beginning in _BEGINNINGS)


def _elf64(system: int, kind: int, machine: int) -> dict[int, int]:
    ident = b"\x7fELF\x02\x01\x01" + bytes([system]) + bytes(8)
    rest = bytes([kind, 0, machine, 0, 1, 0, 0, 0])
    headers = bytes(8) if kind == 1 else b"\x40" + bytes(7)
    return _fields(
        (0, ident + rest), (28, bytes(4)), (32, headers), (44, bytes(8)), (52, b"\x40\x00")
    )


def _elf32(system: int, kind: int, machine: int) -> dict[int, int]:
    ident = b"\x7fELF\x01\x01\x01" + bytes([system]) + bytes(8)
    rest = bytes([kind, 0, machine, 0, 1, 0, 0, 0])
    headers = bytes(4) if kind == 1 else b"\x34\x00\x00\x00"
    return _fields((0, ident + rest), (28, headers), (40, b"\x34\x00"))


def _from_headers(data: bytes, budget: Budget) -> Iterator[bytes]:
    if len(data) < 16:
        return
    head = data[:96]
    budget.spend(1_000_000)
    for size, number in _fitting(head):
        key = solve(head, _templates()[number], size)
        if key is None or not begins_well(apply(head, key), len(data)):
            continue
        if not _pe_broken(data, key):
            yield key
            return  # longer keys fit with fewer bytes left to check them


def _fitting(head: bytes) -> list[tuple[int, int]]:
    """Key lengths, shortest first, with the templates whose screen the head passes."""
    passed: list[tuple[int, int]] = []
    for (at, other), by_difference in _screens().items():
        if other < len(head):
            passed += by_difference.get(head[at] ^ head[other], ())
    return sorted(passed)


@cache
def _screens() -> Mapping[tuple[int, int], Mapping[int, list[tuple[int, int]]]]:
    """Two places under one key byte, their difference, and (key length, template) that need it.

    The difference of two known bytes is in the encoded bytes, too, which rules most templates
    out at once.
    """
    made: dict[tuple[int, int], dict[int, list[tuple[int, int]]]] = {}
    for size in range(1, LONGEST + 1):
        for number, known in enumerate(_templates()):
            pairs = [at for at in known if at + size in known and len(known) >= size + _SURPLUS]
            if pairs:
                # fields differ more from each other than zeros do: screen with those first
                unlike = [at for at in pairs if known[at] != known[at + size]]
                at = (unlike or pairs)[0]
                rows = made.setdefault((at, at + size), {})
                rows.setdefault(known[at] ^ known[at + size], []).append((size, number))
    return made


def solve(data: bytes, known: Mapping[int, int], size: int) -> bytes | None:
    """The key of ``size`` bytes under which ``data`` holds the ``known`` bytes.

    ``None`` when two known bytes disagree, one key byte stays unknown, or fewer than three
    known bytes are left to check the others.
    """
    if len(known) < size + _SURPLUS:
        return None
    key: list[int] = [-1] * size
    filled = 0
    for at, byte in known.items():
        if at >= len(data):
            continue
        value, slot = data[at] ^ byte, at % size
        if key[slot] < 0:
            key[slot] = value
            filled += 1
        elif key[slot] != value:
            return None
    return bytes(key) if filled == size else None


def _pe_broken(data: bytes, key: bytes) -> bool:
    """Whether a decoded DOS header leads to something else than ``PE``."""
    head = apply(data[:64], key)
    if not head.startswith(b"MZ"):
        return False
    at = int.from_bytes(head[60:64], "little")
    turn = at % len(key)
    return apply(data[at : at + 4], key[turn:] + key[:turn]) != b"PE\x00\x00"


# --- phrases anywhere -------------------------------------------------------------------

_WINDOW = 1 << 15


def _from_phrases(data: bytes, budget: Budget) -> Iterator[bytes]:
    window = data[:_WINDOW]
    value = int.from_bytes(window, "little")
    for size in range(1, 33):
        if len(window) <= size:
            return
        budget.spend(len(window) * 40)
        differences = _lagged(value, len(window), size)
        for phrase in _PHRASES:
            if len(phrase) >= size + 5:
                at = differences.find(_difference(phrase, size))
                if at >= 0:
                    yield _key_at(window, phrase, at, size)


def _lagged(value: int, length: int, size: int) -> bytes:
    """``data[i] ^ data[i + size]`` for every i, which no key of that size can hide."""
    return (value ^ value >> 8 * size).to_bytes(length, "little")[: length - size]


@cache
def _difference(phrase: bytes, size: int) -> bytes:
    return bytes(a ^ b for a, b in zip(phrase, phrase[size:], strict=False))


def _key_at(data: bytes, phrase: bytes, at: int, size: int) -> bytes:
    key = bytearray(size)
    for n in range(size):
        key[(at + n) % size] = data[at + n] ^ phrase[n]
    return bytes(key)


# --- statistics -------------------------------------------------------------------------

_SAMPLE = 1 << 14


def _from_columns(data: bytes, budget: Budget) -> Iterator[bytes]:
    sample = data[:_SAMPLE]
    if len(sample) < 48:
        return
    budget.spend(len(sample) * LONGEST * 4)
    yield from _single(sample)
    usual = _USUAL_LENGTHS if len(sample) < _FEW else ()
    for size in dict.fromkeys((*key_lengths(sample)[:3], *usual)):
        if len(sample) < size * _SHORTEST_COLUMN:
            continue
        budget.spend(len(sample) * SLOW + size * 150_000)
        columns = [sample[n::size] for n in range(size)]
        modes = bytes(_most_frequent(column) for column in columns)
        yield modes
        text = _readable(columns)
        if text is not None:
            yield text


def _single(sample: bytes) -> Iterator[bytes]:
    """One key byte, when bytes are uneven: the usual ones stand for what code is full of."""
    ranked = sorted(Counter(sample).items(), key=lambda item: (-item[1], item[0]))
    if ranked[0][1] < len(sample) / 40:
        return
    for byte, _ in ranked[:2]:
        for plain in (0x00, 0x48, 0xFF, 0x90):
            yield bytes([byte ^ plain])


def _most_frequent(column: bytes) -> int:
    return min(Counter(column).items(), key=lambda item: (-item[1], item[0]))[0]


def key_lengths(sample: bytes) -> list[int]:
    """Likely key lengths: those at which more bytes repeat than elsewhere, the likeliest first.

    Repeats under a key happen at the multiples of its length; of those the smallest that is
    nearly as good is taken first.
    """
    value, length = int.from_bytes(sample, "little"), len(sample)
    rates = {
        size: _lagged(value, length, size).count(0) / (length - size)
        for size in range(1, min(LONGEST, length // 6) + 1)
    }
    if not rates:
        return []
    best = max(rates.values())
    average = sum(rates.values()) / len(rates)
    if best < 0.012:
        return []
    good = [
        size for size, rate in rates.items() if rate > (best + average) / 2 or rate > 0.8 * best
    ]
    return [size for size in good if size > 1]


def _readable(columns: Iterable[bytes]) -> bytes | None:
    """The key that makes every column printable, and most like text; ``None`` if none does."""
    key = bytearray()
    for column in columns:
        counts = Counter(column)
        fitting = -1
        for byte in counts:
            fitting &= _printable_under(byte)
        if not fitting:
            return None
        keys = [k for k in range(256) if fitting >> k & 1]
        key.append(max(keys, key=lambda k: _weight(counts, k)))
    return bytes(key)


@cache
def _printable_under(byte: int) -> int:
    """The keys that make ``byte`` printable, as set bits."""
    return sum(1 << (byte ^ printable) for printable in PRINTABLE)


def _weight(counts: Counter[int], key: int) -> float:
    return sum(count * _WEIGHTS[byte ^ key] for byte, count in counts.items())


def _weights() -> list[float]:
    """How usual a byte is in scripts: rough, only the order matters."""
    weights = [0.0] * 256
    groups = (
        (b" etaoinsr", 9.0),
        (b"lcdupmhgf\n", 6.0),
        (b"ybwvkxjqz$.-()=\"'/,;:_", 3.0),
        (b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2.0),
        (b"{}[]<>+*&|#@!%\\?`~^\r\t", 1.0),
    )
    for group, weight in groups:
        for byte in group:
            weights[byte] = weight
    return weights


_WEIGHTS = _weights()
