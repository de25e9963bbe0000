"""A password-protected zip archive, as sample exchanges expect it (password ``infected``).

The traditional PKWARE encryption (APPNOTE.TXT, section 6.1) is no protection, and is not meant
as any: it keeps scanners and double clicks away from samples. The standard library reads it but
does not write it; the writer is these few lines, so no dependency is needed for it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from hashlib import sha256

PASSWORD = b"infected"
_EPOCH = 0x21  # 1 January 1980: the oldest date the format has, so that archives compare


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ 0xEDB88320 if byte & 1 else byte >> 1
    return byte


_CRC_TABLE = tuple(_crc_of(byte) for byte in range(256))
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")


def archive(files: Iterable[tuple[str, bytes]], password: bytes = PASSWORD) -> bytes:
    """A zip archive of (name, bytes), each member deflated and encrypted; at most 4 GiB."""
    body, directory, count = bytearray(), bytearray(), 0
    for name, data in files:
        path, crc = name.encode("ascii"), zlib.crc32(data)
        sealed = _sealed(data, crc, password)
        fields = (20, 1, 8, 0, _EPOCH, crc, len(sealed), len(data), len(path), 0)
        directory += _CENTRAL.pack(b"PK\x01\x02", 20, *fields, 0, 0, 0, 0, len(body)) + path
        body += _LOCAL.pack(b"PK\x03\x04", *fields) + path + sealed
        count += 1
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory + end)


def _sealed(data: bytes, crc: int, password: bytes) -> bytes:
    """Twelve bytes, of which the last lets a reader check the password, and the data."""
    stream = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = stream.compress(data) + stream.flush()
    head = sha256(data).digest()[:11] + bytes([crc >> 24])
    return _encrypted(head + packed, password)


def _encrypted(data: bytes, password: bytes) -> bytes:
    one, two, three = 0x12345678, 0x23456789, 0x34567890
    table = _CRC_TABLE
    out = bytearray()
    for number, byte in enumerate(password + data):
        if number >= len(password):
            mask = (three & 0xFFFF) | 2
            out.append(byte ^ (mask * (mask ^ 1) >> 8 & 0xFF))
        one = table[(one ^ byte) & 0xFF] ^ one >> 8
        two = ((two + (one & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        three = table[(three ^ two >> 24) & 0xFF] ^ three >> 8
    return bytes(out)
