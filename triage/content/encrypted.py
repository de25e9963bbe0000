"""Containers of encrypted data that say so in their headers."""

from __future__ import annotations

from triage.content.identity import Identity
from triage.content.patterns import lazy
from triage.model import Confidence

_TAGS = {
    1: "public-key encrypted message",
    2: "signature",
    3: "symmetrically encrypted message",
    4: "signature",
    5: "secret key",
    6: "public key",
}
_FERNET = lazy(rb"gAAAAA[A-Za-z0-9_-]{94,}={0,2}\s*\Z")
_DPAPI_PROVIDER = bytes.fromhex("d08c9ddf0115d1118c7a00c04fc297eb")


def identify_salted(data: bytes, size: int) -> Identity | None:
    """``Salted__``, eight bytes of salt, then cipher text."""
    return Identity("openssl-salted") if size > 16 and len(data) >= 16 else None


def identify_age(data: bytes, _size: int) -> Identity | None:
    """Version line and a first recipient stanza (age specification, v1)."""
    return Identity("age") if b"\n-> " in data[:128] or b"\n-----END" in data[-64:] else None


def identify_age_armor(data: bytes, _size: int) -> Identity | None:
    return Identity("age", "armored") if b"BEGIN AGE ENCRYPTED" in data[:64] else None


def identify_luks(data: bytes, _size: int) -> Identity | None:
    version = int.from_bytes(data[6:8], "big")
    return Identity("luks", f"version {version}") if version in (1, 2) else None


def identify_dpapi(data: bytes, size: int) -> Identity | None:
    """Version 1 and the only provider there is."""
    known = data[4:20] == _DPAPI_PROVIDER
    return Identity("dpapi", "", Confidence.STRONG) if known and size > 60 else None


def identify_vault(data: bytes, _size: int) -> Identity | None:
    return Identity("ansible-vault") if b"AES" in data[:64] else None


def identify_fernet(data: bytes, _size: int) -> Identity | None:
    return Identity("fernet") if _FERNET.match(data) else None


def identify_pgp(data: bytes, size: int) -> Identity | None:
    """First packet's tag and length agree with its version byte (RFC 4880, 4 and 5)."""
    if len(data) < 32:
        return None
    tag, body, length = _packet(data)
    if tag not in _TAGS or body >= len(data) or length is None or body + length > size:
        return None
    versions = {1: (3, 6), 2: (3, 4, 6), 3: (4, 5, 6), 4: (3, 6), 5: (4, 6), 6: (4, 6)}
    if data[body] not in versions[tag] or not _shape(data, tag, body, length):
        return None
    # What follows the first packet must be a packet too.
    after = body + length
    if (after < len(data) and not data[after] & 0x80) or (after == size and tag in (1, 3)):
        return None
    if after >= len(data) and tag in (2, 4, 5, 6) and after != size:
        return None
    return Identity("pgp", _TAGS[tag], Confidence.MODERATE)


def _packet(data: bytes) -> tuple[int, int, int | None]:
    """Tag, where the body begins, and its length (``None`` when partial or indefinite)."""
    first, second = data[0], data[1]
    if first & 0x40:
        if second < 192:
            return first & 0x3F, 2, second
        if second < 224:
            return first & 0x3F, 3, (second - 192 << 8) + data[2] + 192
        return first & 0x3F, 6, int.from_bytes(data[2:6], "big") if second == 255 else None
    width = (1, 2, 4, 0)[first & 3]
    length = int.from_bytes(data[1 : 1 + width], "big") if width else None
    return first >> 2 & 0xF, 1 + width, length


def _shape(data: bytes, tag: int, body: int, length: int) -> bool:
    """Known algorithm numbers where each packet has them, and lengths that fit."""
    if tag == 1:
        return data[body + 9 : body + 10] in (b"\1", b"\2", b"\x10", b"\x12") and length > 40
    if tag == 3:
        return 4 <= length <= 64 and 1 <= data[body + 1] <= 13
    if tag in (5, 6):
        return data[body + 5 : body + 6] in (b"\1", b"\x11", b"\x13", b"\x16") and length > 32
    return 20 < length < 4096 and data[body + 1] in (0, 1, 2, 16, 17, 18, 19, 24, 31, 32, 48)
