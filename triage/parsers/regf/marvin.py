"""Marvin32, the checksum of transaction log entries, with the seed that Windows uses for them.

Source: M. Suhanov, "Windows registry file format specification", log entry; US patent 8,555,031.
"""

from __future__ import annotations

import struct

_LOW, _HIGH = 0x7A4E55C5, 0x82EF4D88
_MASK = 0xFFFFFFFF


def marvin32(data: bytes | memoryview) -> int:
    """The hash, as the number that a log entry stores in 8 bytes."""
    whole = len(data) & ~3
    rest = int.from_bytes(bytes(data[whole:]) + b"\x80", "little")
    low, high = _LOW, _HIGH
    # Two more rounds than words: the rest with its end mark, and a last one of nothing.
    for word in (*struct.unpack(f"<{whole // 4}I", data[:whole]), rest, 0):
        low = low + word & _MASK
        high ^= low
        low = (low << 20 | low >> 12) + high & _MASK
        high = (high << 9 & _MASK | high >> 23) ^ low
        low = (low << 27 | low >> 5) + high & _MASK
        high = high << 19 & _MASK | high >> 13
    return high << 32 | low
