"""Base64 in an alphabet that nobody knows, read by the header of the program under it.

An alphabet of one's own replaces each of 64 letters by another. What it leaves is which letters are
equal, and the beginning of an ELF image (System V gABI, chapter 4) or of a PE image ([PE/COFF], the
DOS header that linkers write) is known well enough that this pattern fits nothing else. The letters
it gives are filled up from what usually follows: the program headers, the loader's path.
"""

from __future__ import annotations

from collections.abc import Iterator

_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LETTERS_LEAST, _REPEATED_LEAST = 8, 10
_INTERPRETERS = (b"/lib64/ld-linux-x86-64.so.2\0", b"/lib/ld-linux-aarch64.so.1\0",
                 b"/lib/ld-musl-x86_64.so.1\0")  # fmt: skip
#: A known byte, or ``None`` for one that differs from image to image.
_Known = list[int | None]


def solved(text: bytes) -> bytes | None:
    """A table from the letters of ``text`` to base64's, if it begins like a program under one.

    Letters that nothing tells are paired in the order of the alphabet: what they spell is noise.
    """
    if len(text) < 128 or len(set(text)) > 64:
        return None
    for known in _beginnings():
        key = _consistent(text, known, 0, {})
        if key is not None and len(key) >= _LETTERS_LEAST:
            return _table(text, _extended(text, key))
    return None


def _beginnings() -> Iterator[_Known]:
    """The first 64 bytes of images: ELF of 64 bits for three machines, PE with the usual stub."""
    for machine in (0x3E, 0xB7, 0xF3):
        for kind in (3, 2):
            for abi in (0, 3):
                head: _Known = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, abi, *[0] * 8, kind, 0, machine, 0,
                                1, 0, 0, 0]  # fmt: skip
                entry: _Known = [None, None, None, None, 0, 0, 0, 0]
                offsets: _Known = [0x40, *[0] * 7, None, None, None, None, 0, 0, 0, 0]
                yield [*head, *entry, *offsets, *[None] * 4, 0x40, 0, 0x38, 0, None, 0, 0x40, 0]
    dos = bytes.fromhex("4d5a90000300000004000000ffff0000b800000000000000400000000000")
    yield [*dos, *[0] * 30, None, None, 0, 0]


def _consistent(
    text: bytes, known: _Known, first: int, key: dict[int, int]
) -> dict[int, int] | None:
    """The key with what ``known`` adds when it lies at byte ``first``; ``None`` if it cannot."""
    found, back = dict(key), {value: letter for letter, value in key.items()}
    repeated = 0
    for place, value in _sextets(known, first):
        if place >= len(text):
            return None
        letter = text[place]
        if letter in found:
            if found[letter] != value:
                return None
            repeated += 1
        elif value in back:
            return None
        else:
            found[letter], back[value] = value, letter
    return found if repeated >= _REPEATED_LEAST else None


def _sextets(known: _Known, first: int) -> Iterator[tuple[int, int]]:
    """(place in the text, value) of every group of six bits that is wholly known."""
    bits: list[int | None] = []
    for byte in known:
        bits += [None] * 8 if byte is None else [byte >> shift & 1 for shift in range(7, -1, -1)]
    start = -(first * 8) % 6
    for at in range(start, len(bits) - 5, 6):
        six = bits[at : at + 6]
        if None not in six:
            value = 0
            for bit in six:
                value = value << 1 | (bit or 0)
            yield (first * 8 + at) // 6, value


def _extended(text: bytes, key: dict[int, int]) -> dict[int, int]:
    """More letters: program headers behind the header, and the path of the loader among them."""
    phdr: _Known = [6, 0, 0, 0, 4, 0, 0, 0, 0x40, *[0] * 7, 0x40, *[0] * 7, 0x40, *[0] * 7]
    more = _consistent(text, phdr, 64, key)
    key = key if more is None else more
    for path in _INTERPRETERS:
        for first in range(0x200, min(0x500, len(text) * 3 // 4 - len(path))):
            more = _consistent(text, list(path), first, key)
            if more is not None:
                return more
    return key


def _table(text: bytes, key: dict[int, int]) -> bytes:
    """The key as a table; what is left over on both sides is paired in order."""
    free = [value for value in range(64) if value not in key.values()]
    for letter in sorted(set(text) - set(key)):
        if free:
            key[letter] = free.pop(0)
    table = bytearray(range(256))
    for letter, value in key.items():
        table[letter] = _STANDARD[value]
    return bytes(table)


def surely_read(data: bytes) -> bytes:
    """Of an ELF image its header and one program header, without the place of a section table: the
    pattern tells the letters of those, and of the rest too few."""
    if not data.startswith(b"\x7fELF\x02") or len(data) < 120:
        return data
    count = data[56:58] if 2 <= data[56] <= 64 and data[57] == 0 else b"\2\0"
    return data[:32] + b"\x40" + bytes(15) + data[48:56] + count + bytes(6) + data[64:120]


_WHITE = b" \t\r\n\0="
_QUADS_LEAST, _LETTERS_OF_BASE64 = 96, 40
#: How many letters each place of four can have when ASCII text is under them: six bits of a first
#: byte, of which the top is zero and which prints; two and four; four and two.
_MOST_AT = (27, 28, 36)


def hides_text(data: bytes) -> bool:
    """Whether a text is base64 of ASCII text, in an alphabet that is not the usual one.

    Each of four places shows its own share of the 64 letters then; in words and in base64 of
    anything else the places are alike.
    """
    some = data[: 1 << 16]
    bare = some.translate(None, _WHITE)
    if b" " in some or b"\t" in some:
        return False  # words
    if len(bare) < 4 * _QUADS_LEAST or len(set(bare)) > 64:
        return False
    places = [set(bare[at::4]) for at in range(4)]
    if any(len(found) > most for found, most in zip(places, _MOST_AT, strict=False)):
        return False
    if len(set(bare)) < _LETTERS_OF_BASE64 or len(places[3]) < _LETTERS_OF_BASE64 - 8:
        return False
    usual = {_STANDARD[value] for value in range(2, 32)}
    return not places[0] <= usual
