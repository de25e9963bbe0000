"""Each kind is found where it is, and not where only its first bytes are."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import marshal
import pickle
import random
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest

from tests.content import samples_scripts, samples_shellcode
from tests.content.samples_binary import certificate, der, elf32, elf64, lznt1, pe, png
from triage.content.identify import identify
from triage.content.kinds import KINDS, TRAITS, family
from triage.model import Confidence

NOISE = bytes((i * 167 + (i >> 3) * 59 + 13) % 256 for i in range(4096))
PROSE = b"It was a bright cold day in April, and the clocks were striking thirteen. " * 40


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "hello")
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo("a")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    return out.getvalue()


def _code() -> bytes:
    return marshal.dumps(compile("import os\nprint(os.name)", "x", "exec"))


def _encrypted_zip() -> bytes:
    raw = bytearray(_zip())
    raw[6] |= 1
    return bytes(raw)


#: Kind: (bytes that are it, bytes that only begin like it).
EXAMPLES: dict[str, tuple[bytes, bytes]] = {
    "empty": (b"", b"\0"),
    "zeros": (bytes(300), bytes(299) + b"\1"),
    "filler": (b"\xaa" * 300, b"\xaa" * 299 + b"\xab"),
    "elf": (elf64(), b"\x7fELF" + NOISE),
    "pe": (pe(), b"MZ" + NOISE),
    "zip": (_zip(), b"PK\3\4" + NOISE),
    "zip-encrypted": (_encrypted_zip(), _zip()),
    "tar": (_tar(), b"x" + _tar()[1:]),
    "gzip": (gzip.compress(PROSE), b"\x1f\x8b\x08\0" + b"\xff" * 60),
    "zlib": (zlib.compress(PROSE), b"\x78\x9c" + b"\xff" * 60),
    "deflate": (zlib.compress(PROSE)[2:-4], zlib.compress(PROSE)[3:-4]),
    "bzip2": (bz2.compress(PROSE), b"BZh9" + NOISE),
    "xz": (lzma.compress(PROSE), b"\xfd7zXZ\0" + NOISE),
    "lzma": (lzma.compress(PROSE, lzma.FORMAT_ALONE), b"\x5d\0\0\x80\0" + NOISE),
    "zstd": (bytes.fromhex("28b52ffd200529000068656c6c6f"), b"\x28\xb5\x2f\xfd\xff" + b"\xff" * 60),
    "lz4": (
        bytes.fromhex("04224d186440a70600008068656c6c6f0a00000000"),
        b"\x04\x22\x4d\x18\xff\xff" + NOISE,
    ),
    "lznt1": (lznt1(b"abcdefgh" * 400), b"\x10\xb0" + NOISE),
    "7z": (
        b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(bytes(20))) + bytes(20),
        b"7z\xbc\xaf\x27\x1c\0\4" + NOISE,
    ),
    "rar": (b"Rar!\x1a\x07\0\xcf\x90\x73\0\0\x0d" + bytes(20), b"Rar!\x1a\x07\0" + NOISE),
    "cab": (
        b"MSCF" + struct.pack("<IIIIIBBHH", 0, 100, 0, 44, 0, 3, 1, 1, 1) + bytes(70),
        b"MSCF" + NOISE,
    ),
    "cpio": (
        b"070701" + b"%08x" * 13 % ((0,) * 11 + (2, 0)) + b"a\0" + bytes(8),
        b"070701" + NOISE,
    ),
    "ar": (b"!<arch>\n" + b"a/".ljust(58) + b"`\nhello", b"!<arch>\n" + b"x" * 70),
    "openssl-salted": (b"Salted__" + NOISE, b"Salted__"),
    "age": (b"age-encryption.org/v1\n-> X25519 abc\n" + NOISE, b"age-encryption.org/v1\n" + PROSE),
    "luks": (b"LUKS\xba\xbe\0\2" + NOISE, b"LUKS\xba\xbe\0\7" + NOISE),
    "pgp": (b"\x8c\x0d\4\x09\3\x08" + bytes(range(8)) + b"\x60\xd2" + NOISE, b"\x8c\x0d" + NOISE),
    "pem": (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", b"-----BEGIN -----"),
    "certificate": (certificate(), b"\x30\x82\1\1" + NOISE),
    "der": (der(0x30, der(2, b"\1"), der(4, b"12345678")), b"\x30\x06\x02\x09\1\2\2\1"),
    "png": (png(), b"\x89PNG\r\n\x1a\n" + NOISE),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xdb", b"\xff\xd8\xff\0" + NOISE),
    "gif": (b"GIF89a\1\0\1\0\0\0\0,\0\0\0\0", b"GIF88a" + NOISE),
    "bmp": (
        b"BM" + struct.pack("<IHHIIiiHH", 70, 0, 0, 54, 40, 1, 1, 1, 24) + bytes(40),
        b"BM" + NOISE,
    ),
    "ico": (
        b"\0\0\1\0\1\0"
        + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, 64, 22)
        + b"\x28"
        + bytes(63),
        b"\0\0\1\0" + NOISE,
    ),
    "sfnt": (b"\0\1\0\0\0\4\0\x40\0\2\0\0head" + bytes(60), b"\0\1\0\0" + NOISE),
    "pdf": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", b"%PDF-x"),
    "sqlite": (
        b"SQLite format 3\0\x10\0\1\1\0\x40\x20\x20" + bytes(100),
        b"SQLite format 3\0" + NOISE,
    ),
    "hive": (b"regf" + struct.pack("<IIQII", 1, 1, 0, 1, 5) + bytes(500), b"regf" + NOISE),
    "evtx": (
        b"ElfFile\0" + struct.pack("<QQQIHH", 0, 0, 1, 128, 1, 3) + bytes(90),
        b"ElfFile\0" + NOISE,
    ),
    "journal": (
        b"LPKSHHRH" + bytes(80) + struct.pack("<Q", 240) + bytes(150),
        b"LPKSHHRH" + b"\xff" * 300,
    ),
    "semaphore": (
        struct.pack("<II", 1, 0) + bytes([128, 0, 0, 0]) + bytes(20),
        struct.pack("<II", 1, 0) + NOISE[:24],
    ),
    "sid": (bytes.fromhex("010100000000000512000000"), bytes.fromhex("010300000000000512000000")),
    "tzif": (b"TZif2" + bytes(40), b"TZif9" + NOISE),
    "java-class": (
        b"\xca\xfe\xba\xbe\0\0\0\x34\0\x06" + b"\x07\0\2\x01\0\1A" * 4 + bytes(8),
        b"\xca\xfe\xba\xbe" + NOISE,
    ),
    "macho": (
        b"\xcf\xfa\xed\xfe"
        + struct.pack("<IIIIIII", 0x01000007, 3, 2, 1, 24, 0, 0)
        + struct.pack("<II", 0x19, 24)
        + bytes(60),
        b"\xcf\xfa\xed\xfe" + NOISE,
    ),
    "wasm": (b"\0asm\1\0\0\0\1\4\1\x60\0\0", b"\0asm" + NOISE),
    "dex": (
        b"dex\n035\0" + bytes(24) + struct.pack("<III", 200, 0x70, 0x12345678) + bytes(80),
        b"dex\n" + NOISE,
    ),
    "java-serialized": (b"\xac\xed\0\5sr\0\1A" + bytes(8), b"\xac\xed\0\5" + b"\xff" * 9),
    "pickle": (pickle.dumps({"a": [1, 2.5]}), b"\x80\4" + b"\xff" * 40),
    "marshal": (_code(), b"\xe3" + NOISE),
    "pyc": (b"\xa7\r\r\n" + bytes(12) + _code(), b"\xa7\r\r\n" + NOISE),
    "json": (json.dumps({"a": [1, {"b": None}]}).encode(), b"{not json at all, only braces}"),
    "xml": (b"<?xml version='1.0'?><a><b/></a>", b"a < b, and c > d, or so they say"),
    "html": (b"<html><body><p>x</p></body></html>", b"html body"),
    "ini": (b"[a]\nb=1\nc=2\n[d]\ne=3\n", b"[a] is a letter\nb is another\n"),
    "plist": (b"bplist00" + bytes(60), b"bplist00"),
    "text": (PROSE, NOISE),
    "random": (samples_shellcode._NOISE, bytes(range(64)) * 4),
    "data": (bytes.fromhex("0100000002000000030000000a00ff00") * 3 + b"\1\2", PROSE),
}


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_found(kind: str) -> None:
    found = identify(EXAMPLES[kind][0])
    assert found.kind == kind, found


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_near_miss(kind: str) -> None:
    assert identify(EXAMPLES[kind][1]).kind != kind


@pytest.mark.parametrize("name", sorted(samples_shellcode.SHELLCODE))
def test_shellcode(name: str) -> None:
    found = identify(samples_shellcode.SHELLCODE[name])
    assert found.kind == "shellcode", found
    assert found.confidence is not Confidence.WEAK


@pytest.mark.parametrize("name", sorted(samples_shellcode.NEAR_MISSES))
def test_no_shellcode(name: str) -> None:
    assert identify(samples_shellcode.NEAR_MISSES[name]).kind != "shellcode"


@pytest.mark.parametrize(
    ("kind", "text"),
    [(kind, text) for kind, texts in samples_scripts.SCRIPTS.items() for text in texts],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_script(kind: str, text: str, encoding: str) -> None:
    found = identify(text.encode(encoding))
    assert found.kind == kind, found
    assert ("utf-16" in found.traits) is (encoding == "utf-16-le")


@pytest.mark.parametrize("text", samples_scripts.NEAR_MISSES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_no_script(text: str, encoding: str) -> None:
    assert family(identify(text.encode(encoding)).kind) not in ("script", "executable")


def test_elf_traits() -> None:
    assert {"static", "executable", "no-sections", "x86-64"} <= set(identify(elf64()).traits)
    assert {"32-bit", "x86"} <= set(identify(elf32()).traits)
    assert "dynamic" in identify(elf64(interp=True)).traits
    assert "no-sections" not in identify(elf64(sections=True)).traits
    assert {"packed", "upx"} <= set(identify(elf64(body=b"\0\0\0\0UPX!" + NOISE[:200])).traits)
    assert "overlay" in identify(elf64() + NOISE).traits


def test_elf_head_only() -> None:
    whole = elf64(body=NOISE)
    found = identify(whole[:128], size=len(whole))
    assert found.kind == "elf"
    assert "headers-only" in found.traits
    assert found.length == len(whole)


def test_elf_without_its_magic() -> None:
    found = identify(elf64(magic=b"\0\0\0\0", body=NOISE))
    assert found.kind == "elf"
    assert "wiped-header" in found.traits


@pytest.mark.skipif(which("gcc") is None, reason="no compiler")
def test_compiled_elf(tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text("int main(void) { return 0; }\n")
    wanted = {
        "": "dynamic",
        "-static": "static",
        "-static-pie": "static",
        "-shared -fPIC": "library",
        "-c": "object",
    }
    for flags, trait in wanted.items():
        out = tmp_path / "a.out"
        made = subprocess.run(
            ["gcc", *flags.split(), "-o", out, source], capture_output=True, check=False
        )
        if made.returncode != 0:
            continue
        found = identify(out.read_bytes())
        assert (found.kind, trait in found.traits) == ("elf", True), (flags, found)


def test_pe_traits() -> None:
    assert {"library", "reflective-loader"} <= set(
        identify(pe(dll=True, export=b"ReflectiveLoader")).traits
    )
    assert {"library"} <= set(identify(pe(dll=True, export=b"DllGetClassObject")).traits)
    assert "reflective-loader" not in identify(pe(dll=True, export=b"DllGetClassObject")).traits
    assert "dotnet" in identify(pe(wide=False, dotnet=True)).traits
    assert "driver" in identify(pe(subsystem=1)).traits
    assert "overlay" in identify(pe() + b"more").traits
    dense = random.Random(5).randbytes(8192)
    assert "packed" in identify(pe(code=dense)).traits
    assert "packed" not in identify(pe(code=dense[:64] * 128)).traits


def _wipe(raw: bytes, *spans: tuple[int, int]) -> bytes:
    changed = bytearray(raw)
    for start, end in spans:
        changed[start:end] = bytes(end - start)
    return bytes(changed)


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: _wipe(raw, (0, 2)),
        lambda raw: _wipe(raw, (128, 132)),
        lambda raw: _wipe(raw, (0, 2), (128, 132)),
        lambda raw: _wipe(raw, (0, 128)),
        lambda raw: _wipe(raw, (0, 132)),
        lambda raw: raw[128:],
    ],
)
def test_pe_with_wiped_headers(damage: Callable[[bytes], bytes]) -> None:
    found = identify(damage(pe(dll=True)))
    assert found.kind == "pe"
    assert "wiped-header" in found.traits


@pytest.mark.parametrize("length", [200, 512, 700])
def test_pe_head_only(length: int) -> None:
    assert identify(pe()[:length], size=len(pe())).kind == "pe"


def test_machine_of_pe_must_agree_with_its_width() -> None:
    assert identify(pe(wide=True, machine=0x14C)).kind != "pe"


def test_pickle_that_imports() -> None:
    found = identify(pickle.dumps(subprocess.run))
    assert found.kind == "pickle"
    assert "imports-code" in found.traits


def test_pickle_of_data_runs_nothing() -> None:
    data = pickle.dumps([("task", number, {"f": "os.system"}) for number in range(60)])
    assert "imports-nothing" in identify(data).traits
    late = pickle.dumps(["x" * 70_000, subprocess.run])
    assert "imports-nothing" not in identify(late).traits


def test_answers_stay_in_the_vocabulary() -> None:
    for bytes_of_kind, near in EXAMPLES.values():
        for data in (bytes_of_kind, near):
            found = identify(data)
            assert found.kind in KINDS
            assert set(found.traits) <= set(TRAITS)
