"""Text that spells bytes in one alphabet: hex, base32, base64, base85 and their relatives.

:func:`decodings` takes one piece of ASCII text, already cut out, and yields every reading
that its alphabet allows. Noise (white space, line breaks, foreign characters) is taken out
first when ``noisy`` is set.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from triage.content.candidate import PLAIN, WORTHY, Budget, Candidate
from triage.content.patterns import lazy

_HEX = b"0123456789abcdefABCDEF"
_BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE32_HEX = b"0123456789ABCDEFGHIJKLMNOPQRSTUV"
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE64 = _LETTERS + b"0123456789+/"
BASE64_ANY = _BASE64 + b"-_"
_ASCII85 = bytes(range(33, 118)) + b"z"
_BASE85 = b"0123456789" + _LETTERS + b"!#$%&()*+-;<=>?@^_`{|}~"
_Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_Z85_TO_BASE85 = bytes.maketrans(_Z85, _BASE85)
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TO_BASE32_HEX = bytes.maketrans(_BASE32, _BASE32_HEX)
_ROT13 = bytes.maketrans(
    _LETTERS, _LETTERS[13:26] + _LETTERS[:13] + _LETTERS[39:] + _LETTERS[26:39]
)
_WHITE = b" \t\r\n\x00\x0b\x0c"

_WORDLIKE, _MANY_SIGNS = 200, 24
#: (kind, step, decoded bytes, need)
Decoding = tuple[str, str, bytes, int]


def only(text: bytes, alphabet: bytes) -> bool:
    """Whether ``text`` holds nothing but ``alphabet``."""
    return not text.translate(None, alphabet)


def rot13(text: bytes) -> bytes:
    """Letters moved by thirteen places."""
    return text.translate(_ROT13)


def decodings(text: bytes, budget: Budget, *, noisy: bool = False) -> Iterator[Decoding]:
    """Every reading of ``text`` as bytes written in one alphabet, the narrowest first."""
    bare = text.translate(None, _WHITE)
    if len(bare) < 8:
        return
    body = bare.rstrip(b"=")
    if len(body) < 8:
        return
    if only(body, _HEX):
        yield from _hex(body)
    if only(body, _BASE32) or only(body.upper(), _BASE32) or only(body.upper(), _BASE32_HEX):
        yield from _base32(body)
    if only(body, BASE64_ANY):
        yield "base64", "base64", from_base64(body), PLAIN
    elif noisy:
        yield from _noisy_base64(text, bare)
    if not only(body, _LETTERS) and _may_be_base85(bare):
        yield from _base85(bare, budget)


def _hex(body: bytes) -> Iterator[Decoding]:
    even = body[: len(body) & ~1]
    yield "hex", "hex", bytes.fromhex(even.decode("ascii")), PLAIN
    if len(body) & 1:
        yield "hex", "hex, first digit missing", bytes.fromhex(body[1:].decode("ascii")), WORTHY


def from_base64(text: bytes) -> bytes:
    """Decode either alphabet, whatever is missing at the end; foreign characters are skipped."""
    body = text.translate(_TO_STANDARD).translate(None, _not(_BASE64))
    body = body[: -1 if len(body) % 4 == 1 else None]
    return binascii.a2b_base64(body + b"=" * (-len(body) % 4))


def _not(alphabet: bytes) -> bytes:
    return bytes(set(range(256)) - set(alphabet))


def _noisy_base64(text: bytes, bare: bytes) -> Iterator[Decoding]:
    """Base64 with foreign characters strewn in. Padded parts one after the other count too."""
    pure = bare.translate(None, _not(BASE64_ANY))
    if len(pure) < 24 or len(pure) < len(bare) * 0.6:
        return
    if b"=" in bare.rstrip(b"=") and only(bare, BASE64_ANY + b"="):
        parts = [part for part in bare.split(b"=") if part]
        if len(parts) <= 4096:
            joined = b"".join(map(from_base64, parts))
            yield "base64", "base64 in padded parts", joined, WORTHY
            return
    yield "base64", "base64 with noise", from_base64(pure), WORTHY
    standard = bare.translate(None, _not(_BASE64))
    if len(standard) != len(pure):
        yield "base64", "base64 with noise", from_base64(standard), WORTHY


def _base32(body: bytes) -> Iterator[Decoding]:
    upper = body.upper()
    if only(upper, _BASE32):
        yield "base32", "base32", _b32(upper.translate(_TO_BASE32_HEX)), PLAIN
    if only(upper, _BASE32_HEX):
        yield "base32", "base32hex", _b32(upper), WORTHY


def _b32(digits: bytes) -> bytes:
    """Base-32 digits as one number: linear, because the base is a power of two.

    Bits that fill no byte are padding (RFC 4648, section 6).
    """
    size = len(digits) * 5 // 8
    number = int(digits, 32) >> (len(digits) * 5 - size * 8)
    return number.to_bytes(size, "big")


def _may_be_base85(bare: bytes) -> bool:
    """Whether a longer text uses more signs than numbers, names and base64 do."""
    if len(bare) < _WORDLIKE:
        return True
    return len(set(bare)) >= _MANY_SIGNS and not only(bare.rstrip(b"="), BASE64_ANY)


def _base85(bare: bytes, budget: Budget) -> Iterator[Decoding]:
    framed = bare.startswith(b"<~") or bare.endswith(b"~>")
    inner = bare.removeprefix(b"<~").removesuffix(b"~>")
    if len(inner) >= 10 and only(inner, _ASCII85):
        budget.spend(len(inner) * 900)
        yield from _attempt("Ascii85", base64.a85decode, inner, PLAIN if framed else WORTHY)
    if len(bare) >= 10 and only(bare, _BASE85):
        budget.spend(len(bare) * 400)
        yield from _attempt("base85", base64.b85decode, bare, WORTHY)
    if len(bare) >= 10 and only(bare, _Z85):
        budget.spend(len(bare) * 400)
        yield from _attempt("Z85", base64.b85decode, bare.translate(_Z85_TO_BASE85), WORTHY)


def _attempt(step: str, decode: object, text: bytes, need: int) -> Iterator[Decoding]:
    assert callable(decode)
    try:
        data = decode(text)
    except (ValueError, binascii.Error):
        return
    if data:
        yield "base85", step, data, need


def uudecode(text: bytes) -> bytes | None:
    """The body of a uuencoded text; ``None`` when it has no ``begin`` line."""
    at = text.find(b"begin ")
    if at < 0 or not text[at + 6 : at + 9].isdigit():
        return None
    out: list[bytes] = []
    for line in text[at:].splitlines()[1:]:
        if line.strip() in (b"end", b"`", b""):
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            break
    return b"".join(out) or None


def quoted_printable(text: bytes, budget: Budget) -> Iterator[Candidate]:
    """Text of which a fair part is ``=XX`` (RFC 2045, 6.7)."""
    budget.spend(len(text) * 4)
    found = _QUOTED.findall(text)
    if len(found) < 8 or len(found) * 60 < len(text) or text.count(b"=") > len(found) * 2:
        return
    joined = _SOFT_BREAK.sub(b"", text)
    plain = _QUOTED.sub(lambda match: bytes([int(match.group(1), 16)]), joined)
    yield Candidate(plain, "quoted-printable", "quoted-printable", need=PLAIN)


_QUOTED, _SOFT_BREAK = lazy(rb"=([0-9A-F]{2})"), lazy(rb"=[ \t]*+\r?\n")
_UU_LINE = lazy(rb"(?:^M[ -`]{60}[ \t]*\r?$\n?)+(?:^[!-L][ -`]{4,60}[ \t]*\r?$)?", re.MULTILINE)


def uu_blocks(text: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(start, end, bytes) of full uuencoded lines that no frame surrounds."""
    for match in _UU_LINE.finditer(text):
        out = uu_lines(match.group())
        if out:
            yield (*match.span(), out)


def uu_lines(text: bytes) -> bytes | None:
    """Uuencoded lines without a frame, as ``unpack("u")`` takes them."""
    out: list[bytes] = []
    for line in text.splitlines():
        if not line:
            continue
        if not 33 <= line[0] <= 96 or len(line) < (line[0] - 32 & 63) * 4 // 3:
            return None
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            return None
    return b"".join(out) or None
