"""Every way to hide bytes that the content module promises to undo, as functions.

Each wrapper takes bytes and a random source and gives bytes. They are written against the
formats, not against the decoders, and draw their keys, noise and layout anew every time.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import codecs
import gzip
import io
import json
import lzma
import random
import struct
import tarfile
import textwrap
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable

Wrapper = Callable[[bytes, random.Random], bytes]

# --- alphabets --------------------------------------------------------------------------


def b64(data: bytes, rng: random.Random) -> bytes:
    return base64.b64encode(data)


def b64_url(data: bytes, rng: random.Random) -> bytes:
    return base64.urlsafe_b64encode(data)


def b64_unpadded(data: bytes, rng: random.Random) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def b64_lines(data: bytes, rng: random.Random) -> bytes:
    width = rng.choice([48, 60, 64, 76])
    return "\r\n".join(textwrap.wrap(base64.b64encode(data).decode(), width)).encode()


def b64_noise(data: bytes, rng: random.Random) -> bytes:
    noise = rng.choice([b"!", b"#", b"$", b"%", b"*", b"~", b"@!"])
    out = bytearray()
    for char in base64.b64encode(data):
        out.append(char)
        if rng.random() < 0.08:
            out += noise
    return bytes(out)


def b64_utf16(data: bytes, rng: random.Random) -> bytes:
    return base64.b64encode(data).decode().encode("utf-16-le")


def b64_reversed(data: bytes, rng: random.Random) -> bytes:
    return base64.b64encode(data)[::-1]


def b32(data: bytes, rng: random.Random) -> bytes:
    return base64.b32encode(data)


def ascii85(data: bytes, rng: random.Random) -> bytes:
    return base64.a85encode(data, adobe=rng.random() < 0.5)


def base85(data: bytes, rng: random.Random) -> bytes:
    return base64.b85encode(data)


def hex_plain(data: bytes, rng: random.Random) -> bytes:
    return data.hex().upper().encode() if rng.random() < 0.5 else data.hex().encode()


def hex_escapes(data: bytes, rng: random.Random) -> bytes:
    return "".join(f"\\x{byte:02x}" for byte in data).encode()


def hex_0x(data: bytes, rng: random.Random) -> bytes:
    joint = rng.choice([",", ", ", ",\n"])
    return joint.join(f"0x{byte:02x}" for byte in data).encode()


def hex_percent(data: bytes, rng: random.Random) -> bytes:
    return "".join(f"%{byte:02x}" for byte in data).encode()


def hex_dashes(data: bytes, rng: random.Random) -> bytes:
    return "-".join(f"{byte:02X}" for byte in data).encode()


def decimals(data: bytes, rng: random.Random) -> bytes:
    return rng.choice([",", ", ", " "]).join(map(str, data)).encode()


def powershell_bytes(data: bytes, rng: random.Random) -> bytes:
    items = ",".join(f"0x{byte:X}" for byte in data)
    return f"[Byte[]] $buf = @({items})\r\n$x = $buf.Length".encode()


def powershell_chars(data: bytes, rng: random.Random) -> bytes:
    items = ",".join(map(str, data))
    return f"$s = -join ([char[]]({items}))".encode()


def octal_escapes(data: bytes, rng: random.Random) -> bytes:
    return "".join(f"\\{byte:03o}" for byte in data).encode()


def utf16(data: bytes, rng: random.Random) -> bytes:
    """Bytes as characters of UTF-16, as a REG_SZ or an event holds them."""
    return data.decode("latin-1").encode("utf-16-le")


def uuencoded(data: bytes, rng: random.Random) -> bytes:
    lines = [binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45)]
    return b"begin 644 f\n" + b"".join(lines) + b"`\nend\n"


def percent(data: bytes, rng: random.Random) -> bytes:
    return urllib.parse.quote_from_bytes(data, safe="").encode()


# --- ciphers and turns ------------------------------------------------------------------


def backwards(data: bytes, rng: random.Random) -> bytes:
    return data[::-1]


def xor_single(data: bytes, rng: random.Random) -> bytes:
    key = rng.randint(1, 255)
    return bytes(byte ^ key for byte in data)


def _xor(data: bytes, key: bytes) -> bytes:
    return bytes(byte ^ key[at % len(key)] for at, byte in enumerate(data))


def xor_short(data: bytes, rng: random.Random) -> bytes:
    """A random key of two to eight bytes (shellcode and scripts are short themselves)."""
    return _xor(data, rng.randbytes(rng.choice([2, 3, 4, 4, 5, 6, 8])))


def added(data: bytes, rng: random.Random) -> bytes:
    key = rng.randint(1, 255)
    return bytes((byte + key) & 255 for byte in data)


def rotated(data: bytes, rng: random.Random) -> bytes:
    turn = rng.randint(1, 7)
    return bytes((byte << turn | byte >> 8 - turn) & 255 for byte in data)


def inverted(data: bytes, rng: random.Random) -> bytes:
    return bytes(byte ^ 255 for byte in data)


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    out = bytearray()
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def rc4_key_before(data: bytes, rng: random.Random) -> bytes:
    key = rng.randbytes(rng.choice([8, 16, 32]))
    return key + _rc4(key, data)


def rc4_key_counted(data: bytes, rng: random.Random) -> bytes:
    key = rng.randbytes(rng.randint(5, 30))
    return struct.pack("<I", len(key)) + key + _rc4(key, data)


def rc4_named_key(data: bytes, rng: random.Random) -> bytes:
    key = "".join(rng.choice("ABCDEFGHKLMNPQRSTabcdefghkmnpqrst23456789") for _ in range(14))
    blob = base64.b64encode(_rc4(key.encode(), data)).decode()
    return json.dumps({"key": key, "version": 3, "data": blob}).encode()


# --- compression and archives -----------------------------------------------------------


def gzipped(data: bytes, rng: random.Random) -> bytes:
    return gzip.compress(data, mtime=rng.choice([0, 1600000000]))


def zlibbed(data: bytes, rng: random.Random) -> bytes:
    return zlib.compress(data, rng.choice([1, 6, 9]))


def deflated(data: bytes, rng: random.Random) -> bytes:
    return zlib.compress(data, rng.choice([6, 9]))[2:-4]


def bzipped(data: bytes, rng: random.Random) -> bytes:
    return bz2.compress(data)


def xzed(data: bytes, rng: random.Random) -> bytes:
    return lzma.compress(data)


def lzma_alone(data: bytes, rng: random.Random) -> bytes:
    return lzma.compress(data, format=lzma.FORMAT_ALONE)


def lz4_block_frame(data: bytes, rng: random.Random) -> bytes:
    """A frame of blocks that only hold literals: valid, and made without the library."""
    size = 65536
    out = bytearray(b"\x04\x22\x4d\x18\x60\x40\x82")
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        block = _lz4_literals(piece)
        out += struct.pack("<I", len(block)) + block
    return bytes(out) + bytes(4)


def _lz4_literals(piece: bytes) -> bytes:
    count = len(piece)
    if count < 15:
        return bytes([count << 4]) + piece
    rest, extra = count - 15, bytearray()
    while rest >= 255:
        extra.append(255)
        rest -= 255
    extra.append(rest)
    return b"\xf0" + bytes(extra) + piece


def lznt1(data: bytes, rng: random.Random) -> bytes:
    """LZNT1 as Windows writes it: chunks of 4096 bytes, back references where they pay."""
    out = bytearray()
    for at in range(0, len(data), 4096):
        chunk = data[at : at + 4096]
        packed = _lznt1_chunk(chunk)
        if len(packed) < len(chunk) or len(chunk) < 4096:
            out += struct.pack("<H", 0xB000 | len(packed) - 1) + packed
        else:
            out += struct.pack("<H", 0x3000 | len(chunk) - 1) + chunk
    return bytes(out) + b"\0\0"


def _lznt1_chunk(chunk: bytes) -> bytes:
    out, at = bytearray(), 0
    while at < len(chunk):
        flags, group = 0, bytearray()
        for bit in range(8):
            if at >= len(chunk):
                break
            length, distance = _lznt1_match(chunk, at)
            if length >= 3:
                bits = max(4, (at - 1).bit_length())
                group += struct.pack("<H", distance - 1 << 16 - bits | length - 3)
                flags |= 1 << bit
                at += length
            else:
                group.append(chunk[at])
                at += 1
        out += bytes([flags]) + group
    return bytes(out)


def _lznt1_match(chunk: bytes, at: int) -> tuple[int, int]:
    if at < 1:
        return 0, 0
    bits = max(4, (at - 1).bit_length())
    longest = min((0xFFFF >> bits) + 3, len(chunk) - at)
    for length in (min(longest, 64), 16, 8, 4, 3):
        if 3 <= length <= longest:
            found = chunk.rfind(chunk[at : at + length], 0, at + length - 1)
            if found >= 0:
                return length, at - found
    return 0, 0


def zipped(data: bytes, rng: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.txt", "nothing to see here, move along")
        archive.writestr("data.bin", data)
    return out.getvalue()


def tarred(data: bytes, rng: random.Random) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("data.bin")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


# --- hosts: one-liners that carry and unpack a payload -----------------------------------


def powershell_encoded(data: bytes, rng: random.Random) -> bytes:
    option = rng.choice(["-EncodedCommand", "-enc", "-e", "-ec", "-EncodedC"])
    blob = base64.b64encode(data.decode("latin-1").encode("utf-16-le")).decode()
    return f"powershell.exe -NoP -NonI -W Hidden {option} {blob}".encode()


def powershell_deflate(data: bytes, rng: random.Random) -> bytes:
    blob = base64.b64encode(deflated(data, rng)).decode()
    return (
        "IEX (New-Object IO.StreamReader((New-Object IO.Compression.DeflateStream("
        f"[IO.MemoryStream][Convert]::FromBase64String('{blob}'),"
        "[IO.Compression.CompressionMode]::Decompress)),[Text.Encoding]::ASCII)).ReadToEnd()"
    ).encode()


def powershell_gzip(data: bytes, rng: random.Random) -> bytes:
    blob = base64.b64encode(gzip.compress(data)).decode()
    return (
        f'$s=New-Object IO.MemoryStream(,[Convert]::FromBase64String("{blob}"));'
        "IEX (New-Object IO.StreamReader(New-Object IO.Compression.GzipStream($s,"
        "[IO.Compression.CompressionMode]::Decompress))).ReadToEnd();"
    ).encode()


def powershell_concatenated(data: bytes, rng: random.Random) -> bytes:
    blob = base64.b64encode(data).decode()
    parts = textwrap.wrap(blob, rng.randint(40, 200))
    joined = "'+'".join(parts)
    return f"$b = [Convert]::FromBase64String('{joined}'); $a = $b".encode()


def powershell_replaced(data: bytes, rng: random.Random) -> bytes:
    blob = base64.b64encode(data).decode().replace("A", "!")
    return f"$b = [Convert]::FromBase64String(('{blob}').Replace('!','A'))".encode()


def shell_pipe(data: bytes, rng: random.Random) -> bytes:
    return b"echo " + base64.b64encode(gzip.compress(data)) + b" | base64 -d | gunzip | sh\n"


def shell_printf(data: bytes, rng: random.Random) -> bytes:
    return b"printf '" + hex_escapes(data, rng) + b"' > /dev/shm/x\n"


def python_exec(data: bytes, rng: random.Random) -> bytes:
    blob = base64.b64encode(zlib.compress(data)).decode()
    return (f"import base64,zlib\nexec(zlib.decompress(base64.b64decode('{blob}')))\n").encode()


def perl_pack(data: bytes, rng: random.Random) -> bytes:
    return f'use strict;\nmy $x = pack("H*", "{data.hex()}");\nprint $x;\n'.encode()


def php_chain(data: bytes, rng: random.Random) -> bytes:
    blob = codecs.encode(base64.b64encode(deflated(data, rng)).decode(), "rot13")
    return f"<?php eval(gzinflate(base64_decode(str_rot13('{blob}')))); ?>".encode()


def javascript_codes(data: bytes, rng: random.Random) -> bytes:
    codes = ",".join(map(str, data))
    return f"var s = String.fromCharCode({codes}); eval(s);".encode()


def javascript_unescape(data: bytes, rng: random.Random) -> bytes:
    padded = data + b"\x90" * (len(data) % 2)
    words = "".join(f"%u{padded[at + 1]:02x}{padded[at]:02x}" for at in range(0, len(padded), 2))
    return f'var sc = unescape("{words}");\nvar y = sc.length;'.encode()


def vbscript_array(data: bytes, rng: random.Random) -> bytes:
    rows = [data[at : at + 30] for at in range(0, len(data), 30)]
    lines = [",".join(map(str, row)) for row in rows]
    return ("buf = Array(" + ", _\n".join(lines) + ")\nFor Each b In buf\nNext\n").encode()


def csharp_array(data: bytes, rng: random.Random) -> bytes:
    items = ",".join(f"0x{byte:02x}" for byte in data)
    return f"byte[] buf = new byte[{len(data)}] {{ {items} }};".encode()


def registry_export(data: bytes, rng: random.Random) -> bytes:
    body = textwrap.wrap(",".join(f"{byte:02x}" for byte in data), 75)
    return (
        "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\Software\\Test]\r\n"
        '"blob"=hex:' + "\\\r\n  ".join(body) + "\r\n"
    ).encode()


def behind_header(data: bytes, rng: random.Random) -> bytes:
    """After a small header with a length, as a loader's own container has."""
    return b"CFG1" + struct.pack("<II", rng.getrandbits(8), len(data)) + bytes(20) + data


def after_image(data: bytes, rng: random.Random) -> bytes:
    return tiny_png(rng) + data


def tiny_png(rng: random.Random) -> bytes:
    """A valid 8 by 8 grey image."""
    rows = b"".join(b"\0" + rng.randbytes(8) for _ in range(8))

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


#: Single wrappers by name.
WRAPPERS: dict[str, Wrapper] = {
    "base64": b64,
    "base64 URL alphabet": b64_url,
    "base64 without padding": b64_unpadded,
    "base64 in lines": b64_lines,
    "base64 with noise": b64_noise,
    "base64 in UTF-16": b64_utf16,
    "base64 reversed": b64_reversed,
    "base32": b32,
    "Ascii85": ascii85,
    "base85": base85,
    "hex": hex_plain,
    "\\x escapes": hex_escapes,
    "0x list": hex_0x,
    "% escapes": hex_percent,
    "hex with dashes": hex_dashes,
    "decimal list": decimals,
    "octal escapes": octal_escapes,
    "PowerShell byte array": powershell_bytes,
    "PowerShell char array": powershell_chars,
    "UTF-16": utf16,
    "uuencode": uuencoded,
    "percent-encoding": percent,
    "reversed": backwards,
    "XOR one byte": xor_single,
    "XOR short key": xor_short,
    "ADD": added,
    "ROL": rotated,
    "NOT": inverted,
    "RC4, key before": rc4_key_before,
    "RC4, counted key": rc4_key_counted,
    "RC4, named key": rc4_named_key,
    "gzip": gzipped,
    "zlib": zlibbed,
    "deflate": deflated,
    "bzip2": bzipped,
    "xz": xzed,
    "lzma": lzma_alone,
    "LZ4 frame": lz4_block_frame,
    "LZNT1": lznt1,
    "zip": zipped,
    "tar": tarred,
    "PowerShell -EncodedCommand": powershell_encoded,
    "PowerShell DeflateStream": powershell_deflate,
    "PowerShell GzipStream": powershell_gzip,
    "PowerShell concatenation": powershell_concatenated,
    "PowerShell Replace": powershell_replaced,
    "shell base64 | gunzip": shell_pipe,
    "shell printf": shell_printf,
    "Python exec zlib": python_exec,
    "Perl pack": perl_pack,
    "PHP gzinflate rot13": php_chain,
    "JavaScript fromCharCode": javascript_codes,
    "JavaScript unescape": javascript_unescape,
    "VBScript Array": vbscript_array,
    "C# byte array": csharp_array,
    "registry export": registry_export,
    "behind a header": behind_header,
    "after an image": after_image,
}

#: Two and three layers, the innermost first.
STACKS: tuple[tuple[str, ...], ...] = (
    ("gzip", "base64"),
    ("deflate", "base64"),
    ("zlib", "hex"),
    ("XOR one byte", "base64"),
    ("XOR short key", "base64"),
    ("base64", "gzip"),
    ("hex", "base64"),
    ("base64", "base64"),
    ("reversed", "base64"),
    ("gzip", "XOR one byte"),
    ("LZNT1", "base64"),
    ("xz", "base85"),
    ("RC4, key before", "base64"),
    ("base64", "UTF-16"),
    ("bzip2", "hex"),
    ("gzip", "base32"),
    ("zlib", "decimal list"),
    ("XOR one byte", "hex"),
    ("ADD", "base64"),
    ("base64", "reversed"),
    ("zip", "base64"),
    ("gzip", "Ascii85"),
    ("PowerShell GzipStream", "PowerShell -EncodedCommand"),
    ("PowerShell DeflateStream", "UTF-16"),
    ("decimal list", "gzip"),
    ("tar", "gzip"),
    ("gzip", "base64", "hex"),
    ("XOR short key", "gzip", "base64"),
    ("zlib", "XOR one byte", "base64"),
    ("gzip", "base64", "reversed"),
    ("deflate", "base64", "UTF-16"),
    ("base64", "gzip", "base64"),
    ("XOR one byte", "zlib", "0x list"),
    ("RC4, counted key", "gzip", "hex"),
    ("LZNT1", "XOR one byte", "base64"),
    ("base64", "base64", "base64"),
    ("reversed", "gzip", "base64 in lines"),
    ("PowerShell GzipStream", "base64", "gzip"),
    ("tar", "xz", "base64"),
    ("shell base64 | gunzip", "gzip", "hex"),
)


def wrap(data: bytes, names: tuple[str, ...], rng: random.Random) -> bytes:
    """Apply wrappers by name, the innermost first."""
    for name in names:
        data = WRAPPERS[name](data, rng)
    return data
