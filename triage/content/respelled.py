"""Base64 in another alphabet, with fillers, with turned lines; letters moved by any number.

What one of these hides looks like base64 or like text and decodes to noise. There are a hundred
readings; each is tried on the first bytes only, and the whole is decoded where those begin like a
program, an archive or a script. Where the alphabet is not known at all, the header of a program
gives it away: a secret alphabet changes the letters, not which of them are equal.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from functools import cache
from math import log

from triage.content.byte_maps import likeness, reads_well
from triage.content.candidate import GUESS, WORTHY, Budget, Candidate
from triage.content.encodings import BASE64_ANY, from_base64, only
from triage.content.headers import begins_well
from triage.content.measure import PRINTABLE
from triage.content.secret_alphabet import solved, surely_read
from triage.content.shellcode import identify_shellcode

_UPPER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER, _DIGITS = _UPPER.lower(), b"0123456789"
STANDARD = _UPPER + _LOWER + _DIGITS + b"+/"
_SHORTEST, _HEAD, _SAMPLE = 40, 88, 4096
_WHITE = b" \t\r\n\0"
_FILLERS_MAX = 12
_STRIDES = (2, 3, 4, 5)
_LEAST_LIKENESS = 0.45
_NAMED = (
    ("small letters first", _LOWER + _UPPER + _DIGITS + b"+/"),
    ("digits first", _DIGITS + _UPPER + _LOWER + b"+/"),
    ("digits and small letters first", _DIGITS + _LOWER + _UPPER + b"+/"),
    ("of bcrypt", b"./" + _UPPER + _LOWER + _DIGITS),
    ("of crypt", b"./" + _DIGITS + _UPPER + _LOWER),
    ("of xxencode", b"+-" + _DIGITS + _UPPER + _LOWER),
    ("rot13", _UPPER[13:] + _UPPER[:13] + _LOWER[13:] + _LOWER[:13] + _DIGITS + b"+/"),
    ("+/ first", b"+/" + _UPPER + _LOWER + _DIGITS),
    ("+/ first, small letters", b"+/" + _LOWER + _UPPER + _DIGITS),
    ("digits between", _UPPER + _DIGITS + _LOWER + b"+/"),
    ("digits between, small letters first", _LOWER + _DIGITS + _UPPER + b"+/"),
    ("digits last, signs between", _UPPER + _LOWER + b"+/" + _DIGITS),
)


def respelled(text: bytes, budget: Budget) -> Iterator[Candidate]:
    """Readings of a whole text that is dense and says nothing as plain base64."""
    bare = text.translate(None, _WHITE).rstrip(b"=")
    if len(bare) < _SHORTEST or reads_well(text[:_SAMPLE]):
        return
    budget.spend(500_000 + len(bare) * 4)
    yield from _in_other_alphabets(bare)
    yield from thinned(bare)
    yield from _lines_turned(text)
    key = solved(bare[:_SAMPLE])
    if key is not None:
        data = surely_read(from_base64(bare.translate(key)))
        yield Candidate(data, "base64", "base64, alphabet of its own", need=WORTHY)


@cache
def _alphabets() -> tuple[tuple[str, bytes, bytes], ...]:
    """(name, alphabet, table to the standard one)."""
    turned = [(f"turned by {n}", STANDARD[n:] + STANDARD[:n]) for n in range(1, 64)]
    turned += [(f"backwards, turned by {n}", a[::-1]) for n, (_, a) in enumerate(turned, 1)]
    named = [*_NAMED, ("backwards", STANDARD[::-1])]
    return tuple((name, a, bytes.maketrans(a, STANDARD)) for name, a in (*named, *turned))


def _in_other_alphabets(bare: bytes) -> Iterator[Candidate]:
    sample, head = bare[:_SAMPLE], bare[:_HEAD]
    fits: dict[bytes, bool] = {}
    for name, alphabet, table in _alphabets():
        letters = bytes(sorted(alphabet))
        if letters not in fits:
            fits[letters] = only(sample, alphabet)
        if fits[letters] and _says_something(_decoded(head.translate(table)), len(bare)):
            step = f"base64, alphabet {name}"
            yield Candidate(_decoded(bare.translate(table)), "base64", step, need=GUESS)


def _decoded(text: bytes) -> bytes:
    body = text[: -1 if len(text) % 4 == 1 else None]
    try:
        return binascii.a2b_base64(body + b"=" * (-len(body) % 4))
    except binascii.Error:
        return b""


def _says_something(head: bytes, size: int) -> bool:
    """Whether some sixty bytes begin like a program or an archive, read as code, or are code."""
    if len(head) < 24:
        return False
    if begins_well(head, size):
        return True
    if not head.translate(None, PRINTABLE):
        return likeness(head) > 0.25
    if b"\x0f\x05" not in head and b"\xcd\x80" not in head:
        return False  # a hundred readings are asked: only a system call deserves the closer look
    return identify_shellcode(head, len(head)) is not None


# --- fillers ----------------------------------------------------------------------------


def thinned(bare: bytes) -> Iterator[Candidate]:
    """What is left without a few foreign characters, or of every second, third, ... character."""
    sample = bare[:_SAMPLE]
    foreign = bytes(set(sample.translate(None, BASE64_ANY + b"=")))
    pure = sample.translate(None, foreign)
    few = 0 < len(foreign) <= _FILLERS_MAX and len(pure) * 7 > len(sample) and len(pure) >= 24
    if few and _says_something(from_base64(pure[:_HEAD]), len(bare)):
        data = from_base64(bare.translate(None, foreign))
        yield Candidate(data, "base64", "base64 without its fillers", need=GUESS)
    for step, kept in _kept(sample[: 6 * _HEAD]):
        head = kept[:_HEAD]
        if len(head) < 32 or not only(head, BASE64_ANY) or not _says_something(
            from_base64(head), len(bare)
        ):  # fmt: skip
            continue
        data = from_base64(dict(_kept(bare))[step])
        yield Candidate(data, "base64", f"base64, {step}", need=GUESS)
        return


def has_fillers(text: bytes) -> bool:
    """Whether every second, third, ... character is one and the same: no language writes so."""
    some = text[:120]
    return len(some) >= 64 and any(
        len(set(some[offset::stride])) == 1 for stride in _STRIDES for offset in range(stride)
    )


def _kept(text: bytes) -> Iterator[tuple[str, bytes]]:
    """(how, what is left) for every stride: one of each group kept, or one left out."""
    for stride in _STRIDES:
        for offset in range(stride):
            yield f"character {offset + 1} of every {stride}", text[offset::stride]
            if stride > 2:
                rest = bytearray(text)
                del rest[offset::stride]
                yield f"all but character {offset + 1} of every {stride}", bytes(rest)


def _lines_turned(text: bytes) -> Iterator[Candidate]:
    """Lines that were each written from back to front."""
    lines = text.split()
    if not 2 <= len(lines) <= 100_000:
        return
    head = b"".join(line[::-1] for line in lines[:16]).lstrip(b"=")
    if only(head[:_HEAD], BASE64_ANY) and _says_something(from_base64(head[:_HEAD]), len(text)):
        data = from_base64(b"".join(line[::-1] for line in lines))
        yield Candidate(data, "base64", "base64, each line reversed", need=GUESS)


# --- letters moved ------------------------------------------------------------------------


#: How often each letter comes in code and prose, in parts of a thousand, and the logarithms.
_OFTEN = (82, 15, 28, 43, 127, 22, 20, 61, 70, 2, 8, 40, 24, 67, 75, 19, 1, 60, 63, 91, 28, 10, 24,
          2, 20, 1)  # fmt: skip
_LOGS = tuple(log(often / 1000) for often in _OFTEN)
_KINDS_LEAST, _GAIN, _READS = 12, 0.4, -3.15


def best_move(sample: bytes) -> int:
    """By how many places letters should be moved for a text to read best; 0 when it reads well."""
    low = sample.lower()
    counts = [low.count(letter) for letter in range(97, 123)]
    total = sum(counts)
    if total < _SHORTEST or sum(map(bool, counts)) < _KINDS_LEAST:
        return 0
    own = sum(count * log_of for count, log_of in zip(counts, _LOGS, strict=True))
    if own > _READS * total:
        return 0
    doubled = _LOGS + _LOGS
    scores = [
        sum(count * log_of for count, log_of in zip(counts, doubled[move:], strict=False))
        for move in range(26)
    ]
    best = max(range(26), key=scores.__getitem__)
    return best if scores[best] - scores[0] > _GAIN * total else 0


@cache
def _rot47() -> bytes:
    signs = bytes(range(33, 127))
    return bytes.maketrans(signs, signs[47:] + signs[:47])


def moved_letters(text: bytes, budget: Budget) -> Iterator[Candidate]:
    """A text whose letters, moved by one number, read clearly better; and rot47."""
    sample = text[:_SAMPLE]
    if len(sample) < _SHORTEST or sample.translate(None, PRINTABLE):
        return
    budget.spend(60_000)
    move = best_move(sample)
    if move:
        to = _UPPER[move:] + _UPPER[:move] + _LOWER[move:] + _LOWER[:move]
        table = bytes.maketrans(_UPPER + _LOWER, to)
        yield Candidate(text.translate(table), "escaped", f"letters moved by {move}", need=GUESS)
    before = likeness(sample)
    if before < 0.3 and likeness(sample.translate(_rot47())) > max(_LEAST_LIKENESS, before + 0.2):
        yield Candidate(text.translate(_rot47()), "escaped", "rot47", need=GUESS)
