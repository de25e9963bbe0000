"""Certificates and keys: PEM blocks, and DER whose first values say what it is."""

from __future__ import annotations

from triage.content.identity import Identity
from triage.content.patterns import lazy
from triage.model import Confidence

_PEM = lazy(rb"-----BEGIN ([A-Z0-9][A-Z0-9 ]{2,50})-----\r?\n")
_OID_RSA, _OID_EC, _OID_PKCS7 = b"*\x86H\x86\xf7\r\1\1", b"*\x86H\xce=\2\1", b"*\x86H\x86\xf7\r\1\7"


def identify_pem(data: bytes, _size: int) -> Identity | None:
    """A begin line, and the end line of the same label unless the bytes were cut."""
    found = _PEM.match(data)
    if found is None:
        return None
    label = found[1].decode("ascii")
    if label.startswith("PGP "):
        return Identity("pgp", label.lower(), traits=("private",) if "PRIVATE" in label else ())
    if label.startswith("AGE "):
        return Identity("age", "armored")
    traits = ("private",) if "PRIVATE" in label else ()
    body = data[found.end() : found.end() + 256].lstrip()
    # DER begins with a SEQUENCE; older keys have headers before what is encrypted (RFC 1421)
    honest = body[:1] == b"M" or body.startswith((b"b3BlbnNzaC1rZXk", b"Proc-Type:")) or not body
    confidence = Confidence.STRONG if honest else Confidence.WEAK
    return Identity("pem", label.lower(), confidence, traits)


def identify_openssh(data: bytes, _size: int) -> Identity | None:
    return Identity("public-key", "OpenSSH") if data.count(b" ", 0, 4096) >= 1 else None


def identify_der(data: bytes, size: int) -> Identity | None:
    """One outermost SEQUENCE that is as long as the bytes, and well-formed inside."""
    outer = element(data, 0)
    if outer is None or outer[0] != 0x30 or outer[2] < 8:
        return None
    _tag, body, length = outer
    end = body + length
    if not size - 16 <= end <= size and not (end <= size and length > 256):
        return None
    children = _children(data, body, min(end, len(data)))
    if not children:
        return None
    if children[-1][1] + children[-1][2] > end or (size <= len(data) and not _fills(children, end)):
        return None
    return _name(data, children, end)


def _fills(children: list[tuple[int, int, int]], end: int) -> bool:
    return len(children) == 12 or children[-1][1] + children[-1][2] == end


def _name(data: bytes, children: list[tuple[int, int, int]], end: int) -> Identity:
    tags = bytes(child[0] for child in children)
    first = data[children[0][1] : children[0][1] + children[0][2]][:512]
    if tags == b"\x30\x30\x03":
        version = first.startswith((b"\xa0\3\2\1", b"\2"))
        title = "certificate" if version and b"\x06\x03U\x04" in data[:end] else "der"
        return Identity(title, length=end)
    if tags.startswith(b"\x06") and first.startswith(_OID_PKCS7):
        return Identity("pkcs7", length=end)
    if tags == b"\x30\x03" and (_OID_RSA in first or _OID_EC in first):
        return Identity("public-key", length=end)
    private = tags.startswith(b"\x02\x30\x04") or tags == b"\x02" * 9
    if private and (tags[0:3] == b"\2\2\2" or _OID_RSA in data[:64] or _OID_EC in data[:64]):
        return Identity("private-key", traits=("private",), length=end)
    if tags.startswith(b"\x02\x30") and first == b"\3":
        return Identity("pkcs12", length=end)
    return Identity("der", confidence=Confidence.MODERATE, length=end)


def element(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Tag, start of the value and its length of the DER element at ``at`` (X.690, 8.1)."""
    if at + 2 > len(data):
        return None
    tag, first = data[at], data[at + 1]
    if tag & 0x1F == 0x1F or tag == 0:
        return None
    if first < 0x80:
        return tag, at + 2, first
    width = first & 0x7F
    if not 1 <= width <= 4 or at + 2 + width > len(data):
        return None
    length = int.from_bytes(data[at + 2 : at + 2 + width], "big")
    return (tag, at + 2 + width, length) if length >= 0x80 else None


def _children(data: bytes, at: int, end: int) -> list[tuple[int, int, int]] | None:
    """The elements from ``at`` on, at most 12; ``None`` when one is malformed."""
    found: list[tuple[int, int, int]] = []
    while at < end and len(found) < 12:
        one = element(data, at)
        if one is None:
            return None
        found.append(one)
        at = one[1] + one[2]
    return found


def identify_store_entry(data: bytes, size: int) -> Identity | None:
    """A Windows certificate store's blob: properties (id, 1, length) up to the certificate.

    CertSerializeCertificateStoreElement; ids are CERT_*_PROP_ID, 32 is the certificate.
    """
    at = seen = 0
    while at + 12 <= len(data) and seen < 64:
        name = int.from_bytes(data[at : at + 4], "little")
        one = int.from_bytes(data[at + 4 : at + 8], "little")
        length = int.from_bytes(data[at + 8 : at + 12], "little")
        if not 0 < name < 0x200 or one != 1 or length > size - at - 12:
            return None
        at, seen = at + 12 + length, seen + 1
    return Identity("certificate-property") if seen and at >= min(size, len(data)) else None


def identify_ccache(data: bytes, _size: int) -> Identity | None:
    return Identity("kerberos", "credential cache") if len(data) > 24 and data[2] == 0 else None
