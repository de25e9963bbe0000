"""Bytes that were only moved or spelled in a rare way: halves, strides, records, signs and blanks.

Each reading is told by the first bytes that it gives; the whole is made only then.
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.content.candidate import GUESS, PLAIN, WORTHY, Budget, Candidate
from triage.content.encodings import BASE64_ANY, from_base64, only
from triage.content.headers import begins_well
from triage.content.patterns import lazy

_HEAD = 96
_STRIDES = (2, 3, 4)
_BASE58 = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_LEAST, _BASE58_MAX, _AT_ONCE = 40, 16 << 10, 10
_WHITE = b" \t\r\n"
_INTEL = lazy(rb"(?m)^:([0-9A-Fa-f]{2})[0-9A-Fa-f]{4}00([0-9A-Fa-f]{2,510})[0-9A-Fa-f]{2}\r?$")
_MOTOROLA = lazy(rb"(?m)^S([123])[0-9A-Fa-f]{2}([0-9A-Fa-f]{6,510})\r?$")
_OCTAL = lazy(rb"(?:[0-3][0-7]{2}[ ,\n]+){24,}[0-3][0-7]{2}")
_NUMBERED = lazy(rb"(?m)^[ \t]*(\d{1,6})[ \t:.)_-]+(\S{8,})\r?$")


def rearranged_bytes(data: bytes) -> Iterator[Candidate]:
    """Every second (third, fourth) byte, two halves laid into each other, a lost beginning."""
    for stride in _STRIDES:
        for offset in range(stride):
            if begins_well(data[offset : offset + _HEAD * stride : stride], len(data) // stride):
                step = f"byte {offset + 1} of every {stride}"
                yield Candidate(data[offset::stride], "spliced", step, need=GUESS)
    half = (len(data) + 1) // 2
    if begins_well(_woven(data[:_HEAD], data[half : half + _HEAD]), len(data)):
        yield Candidate(_woven(data[:half], data[half:]), "spliced", "halves woven", need=GUESS)
    if data[16:20] == b"\1\0\0\0" and data[48:52] in (b"\x40\0\x38\0", b"\x34\0\x20\0"):
        yield Candidate(b"\x7fELF" + data, "spliced", "four bytes put before it", need=WORTHY)


def _woven(one: bytes, other: bytes) -> bytes:
    """The bytes of two halves in turn, as far as both go."""
    size = min(len(one), len(other))
    out = bytearray(2 * size)
    out[::2], out[1::2] = one[:size], other[:size]
    return bytes(out) + one[size : size + 1]


def rare_spellings(text: bytes, budget: Budget) -> Iterator[Candidate]:
    """Base58, records of hexadecimal, octal numbers, blanks as bits, lines in another order."""
    budget.spend(len(text) * 12)
    if text[:1] in (b":", b"S"):
        yield from _records(text)
    yield from _octal(text)
    yield from _lines_moved(text)
    if not text.strip(_WHITE):
        yield from _blanks(text)
        return
    bare = text.strip(_WHITE).translate(None, b"\r\n")
    if _BASE58_LEAST <= len(bare) <= _BASE58_MAX and only(bare, _BASE58):
        budget.spend(len(bare) * len(bare) // 8)
        yield Candidate(_from_base58(bare), "base64", "base58", need=GUESS)


def _records(text: bytes) -> Iterator[Candidate]:
    """Intel HEX and Motorola S-records: their data, in the order of the lines."""
    intel = _INTEL.findall(text)
    if len(intel) >= 2:
        digits = b"".join(data[: int(size, 16) * 2] for size, data in intel)
        yield Candidate(_from_hex(digits), "hex", "Intel HEX records", need=PLAIN)
    motorola = _MOTOROLA.findall(text)
    if len(motorola) >= 2:
        digits = b"".join(data[2 + 2 * int(kind) : -2] for kind, data in motorola)
        yield Candidate(_from_hex(digits), "hex", "S-records", need=PLAIN)


def _from_hex(digits: bytes) -> bytes:
    return bytes.fromhex(digits[: len(digits) & ~1].decode("ascii"))


def _octal(text: bytes) -> Iterator[Candidate]:
    match = _OCTAL.search(text)
    if match is not None:
        numbers = match.group().replace(b",", b" ").split()
        data = bytes(int(number, 8) for number in numbers)
        yield Candidate(data, "octal", "octal numbers", *match.span(), WORTHY, named=True)


def _blanks(text: bytes) -> Iterator[Candidate]:
    """Blanks and tabs as the bits of bytes, the highest first, either way round."""
    for zero, one in ((b" ", b"\t"), (b"\t", b" ")):
        table = bytes.maketrans(zero + one, b"01")
        bits = text.translate(table, b"\r\n")
        size = len(bits) // 8
        if size >= 16:
            data = int(bits[: size * 8], 2).to_bytes(size, "big")
            yield Candidate(data, "escaped", "blanks and tabs as bits", need=GUESS)


def _from_base58(digits: bytes) -> bytes:
    """One big number (the alphabet that Bitcoin's addresses use); ten digits at a time."""
    number = 0
    for at in range(0, len(digits), _AT_ONCE):
        part = digits[at : at + _AT_ONCE]
        value = 0
        for digit in part:
            value = value * 58 + _BASE58.index(digit)
        number = number * 58 ** len(part) + value
    zeros = len(digits) - len(digits.lstrip(b"1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _lines_moved(text: bytes) -> Iterator[Candidate]:
    """Base64 whose lines stand in reverse order, or bear the numbers of their order."""
    lines = text.split()
    if not 2 <= len(lines) <= 100_000:
        return
    orders = [("last line first", lines[::-1])]
    numbered = _NUMBERED.findall(text)
    if len(numbered) * 2 == len(lines):
        ranked = sorted(numbered, key=lambda pair: int(pair[0]))
        orders.append(("lines in the order of their numbers", [line for _, line in ranked]))
    for step, ordered in orders:
        head = b"".join(ordered[:8])[:_HEAD]
        if len(head) >= 32 and only(head.rstrip(b"="), BASE64_ANY):
            first = from_base64(head)
            if begins_well(first, len(text)):
                data = from_base64(b"".join(ordered))
                yield Candidate(data, "base64", f"base64, {step}", need=GUESS)
