"""Say what bytes are: structure first, then scripts, text, machine code, and what is left."""

from __future__ import annotations

from triage.content.identity import Identity
from triage.content.measure import looks_random, printable_ratio
from triage.model import Confidence

__all__ = ["Identity", "identify"]

_MAGIC = (
    (b"\x7fELF\x01\x01\x01", "elf"), (b"\x7fELF\x02\x01\x01", "elf"), (b"MZ", "pe"),
    (b"PK\x03\x04", "zip"), (b"\x1f\x8b\x08", "gzip"), (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"), (b"\x89PNG\r\n\x1a\n", "png"),
)


def identify(data: bytes, *, size: int | None = None) -> Identity:
    """What ``data`` is; ``size`` is that of the whole when only its head is given."""
    if not data:
        return Identity("empty")
    for magic, kind in _MAGIC:
        if data.startswith(magic) and len(data) > 64:
            return Identity(kind)
    if printable_ratio(data[:4096]) > 0.98:
        return Identity("text")
    if looks_random(data):
        return Identity("random", confidence=Confidence.MODERATE)
    return Identity("data")
