"""Small binaries that the tests make by hand: ELF, PE and the containers of other formats."""

from __future__ import annotations

import struct
import zlib

#: mov eax, 60; xor edi, edi; syscall: enough of a program to be one.
EXIT = bytes.fromhex("b83c00000031ff0f05")


def elf64(
    *,
    type_: int = 2,
    machine: int = 62,
    segments: int = 1,
    sections: bool = False,
    interp: bool = False,
    body: bytes = EXIT,
    magic: bytes = b"\x7fELF",
) -> bytes:
    """A minimal little-endian ELF64 with one loadable segment."""
    rows = segments + interp
    start = 64 + 56 * rows
    size = start + len(body)
    shoff = size if sections else 0
    header = (
        magic
        + b"\2\1\1"
        + bytes(9)
        + struct.pack(
            "<HHIQQQIHHHHHH",
            type_,
            machine,
            1,
            0x400000 + start,
            64,
            shoff,
            0,
            64,
            56,
            rows,
            64 if sections else 0,
            1 if sections else 0,
            0,
        )
    )
    table = b""
    if interp:
        table += struct.pack("<IIQQQQQQ", 3, 4, start, 0x400000 + start, 0, len(body), len(body), 1)
    for index in range(segments):
        address = 0x400000 + index * 0x10000
        table += struct.pack("<IIQQQQQQ", 1, 5, 0, address, address, size, size, 0x1000)
    return header + table + body + bytes(64 * sections)


def elf32(*, machine: int = 3) -> bytes:
    """A minimal little-endian ELF32 executable."""
    size = 52 + 32 + len(EXIT)
    header = (
        b"\x7fELF\1\1\1"
        + bytes(9)
        + struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    )
    load = struct.pack("<IIIIIIII", 1, 0, 0x8048000, 0x8048000, size, size, 5, 0x1000)
    return header + load + EXIT


def pe(
    *,
    wide: bool = True,
    dll: bool = False,
    dotnet: bool = False,
    export: bytes = b"",
    code: bytes = b"\xc3" * 512,
    machine: int | None = None,
    subsystem: int = 3,
) -> bytes:
    """A PE file with ``.text`` and ``.rdata``, both 512 bytes aligned; exports in ``.rdata``."""
    machine = machine if machine is not None else (0x8664 if wide else 0x14C)
    code = code.ljust(-(-len(code) // 512) * 512, b"\0")
    directories = [(0, 0)] * 16
    rdata = bytearray(512)
    second = 0x1000 + -(-len(code) // 0x1000) * 0x1000
    if export:
        directories[0] = (second, 40)
        struct.pack_into(
            "<IIIIIIIIIII",
            rdata,
            0,
            0,
            0,
            0,
            second + 80,
            1,
            1,
            1,
            second + 60,
            second + 64,
            second + 68,
            0,
        )
        struct.pack_into("<I", rdata, 64, second + 96)
        rdata[80:86] = b"x.dll\0"
        rdata[96 : 97 + len(export)] = export + b"\0"
    if dotnet:
        directories[14] = (second + 200, 72)
        struct.pack_into("<IHH", rdata, 200, 72, 2, 5)
    optional = struct.pack(
        "<HBBIIIII", 0x20B if wide else 0x10B, 14, 0, len(code), 512, 0, 0x1000, 0x1000
    )
    optional += struct.pack("<Q", 0x140000000) if wide else struct.pack("<II", 0x2000, 0x400000)
    optional += struct.pack(
        "<IIHHHHHHIIIIHH", 0x1000, 512, 6, 0, 0, 0, 6, 0, 0, second + 0x1000, 0x400, 0, subsystem, 0
    )
    optional += struct.pack("<QQQQ" if wide else "<IIII", 0x100000, 0x1000, 0x100000, 0x1000)
    optional += struct.pack("<II", 0, 16) + b"".join(
        struct.pack("<II", *one) for one in directories
    )
    flags = 0x22 | (0x2000 if dll else 0)
    nt = b"PE\0\0" + struct.pack("<HHIIIHH", machine, 2, 0, 0, 0, len(optional), flags) + optional
    nt += struct.pack(
        "<8sIIIIIIHHI", b".text", len(code), 0x1000, len(code), 0x400, 0, 0, 0, 0, 0x60000020
    )
    nt += struct.pack(
        "<8sIIIIIIHHI", b".rdata", 512, second, 512, 0x400 + len(code), 0, 0, 0, 0, 0x40000040
    )
    dos = b"MZ" + struct.pack("<13H", 0x90, 3, 0, 4, 0, 0xFFFF, 0, 0xB8, 0, 0, 0, 0x40, 0)
    dos = dos.ljust(60, b"\0") + struct.pack("<I", 128)
    dos += b"\x0e\x1f\xba\x0e\0\xb4\x09\xcd\x21\xb8\x01\x4c\xcd\x21"
    dos += b"This program cannot be run in DOS mode.\r\r\n$"
    return (dos.ljust(128, b"\0") + nt).ljust(0x400, b"\0") + code + bytes(rdata)


def png() -> bytes:
    """A one-pixel PNG."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )


def der(tag: int, *parts: bytes) -> bytes:
    """One DER element."""
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    width = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + len(body).to_bytes(width, "big") + body


def certificate() -> bytes:
    """The shape of an X.509 certificate (no real key, no real signature)."""
    name = der(0x30, der(0x31, der(0x30, der(6, b"\x55\x04\x03"), der(12, b"example"))))
    rsa = der(0x30, der(6, bytes.fromhex("2a864886f70d010101")), der(5))
    tbs = der(
        0x30,
        der(0xA0, der(2, b"\2")),
        der(2, b"\1"),
        rsa,
        name,
        der(0x30),
        name,
        der(0x30, rsa, der(3, b"\0" + bytes(range(64)))),
    )
    return der(0x30, tbs, rsa, der(3, b"\0" + bytes(range(64))))


def lznt1(data: bytes) -> bytes:
    """LZNT1 of up to 4096 bytes that repeat with period 8: literals, then copies."""
    out, at = bytearray(), 8
    tokens: list[bytes] = [data[i : i + 1] for i in range(8)]
    kinds = [0] * 8
    while at < len(data):
        shift = 16 - max(4, (at - 1).bit_length())
        length = min(len(data) - at, (1 << shift) + 2)
        if length < 3:
            tokens += [data[i : i + 1] for i in range(at, len(data))]
            kinds += [0] * (len(data) - at)
            break
        tokens.append(struct.pack("<H", 7 << shift | length - 3))
        kinds.append(1)
        at += length
    for first in range(0, len(tokens), 8):
        out.append(sum(kind << bit for bit, kind in enumerate(kinds[first : first + 8])))
        out += b"".join(tokens[first : first + 8])
    return struct.pack("<H", 0xB000 | len(out) - 1) + bytes(out) + b"\0\0"
