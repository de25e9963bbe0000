"""Archives that are not unpacked tell their names; cabinets give their members."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.content.payloads import PAYLOADS
from triage.content.examine import examine
from triage.content.listings import cab_listing, cab_members, rar_listing

_BODY = PAYLOADS["elf"](random.Random(8))


def _cab(files: list[tuple[str, bytes]], *, packed: bool) -> bytes:
    """A cabinet of one folder ([MS-CAB] 2.3)."""
    whole = b"".join(body for _, body in files)
    blocks = b""
    pieces = [whole[at : at + 32768] for at in range(0, len(whole), 32768)]
    for number, piece in enumerate(pieces):
        maker = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=pieces[number - 1] if number else b"")
        out = b"CK" + maker.compress(piece) + maker.flush() if packed else piece
        blocks += struct.pack("<IHH", 0, len(out), len(piece)) + out
    entries, offset = b"", 0
    for name, body in files:
        entries += struct.pack("<IIHHHH", len(body), offset, 0, 0, 0, 0x20) + name.encode() + b"\0"
        offset += len(body)
    data_at = 36 + 8 + len(entries)
    folder = struct.pack("<IHH", data_at, len(pieces), int(packed))
    size = data_at + len(blocks)
    head = struct.pack("<4sIIIIIBBHHHHH", b"MSCF", 0, size, 0, 44, 0, 3, 1, 1, len(files), 0, 0, 0)
    return head + folder + entries + blocks


@pytest.mark.parametrize("packed", [False, True])
def test_members_of_a_cabinet_are_layers(packed: bool) -> None:
    content = examine(_cab([("readme.txt", b"hello " * 9), ("x.bin", _BODY)], packed=packed))
    assert content.kind == "cab"
    assert content.detail == "2 members: readme.txt, x.bin"
    assert "elf" in {layer.kind for layer in content.layers}
    assert content.limit == ""


def _rar5(name: bytes, *, encrypted: bool) -> bytes:
    """A file header of RAR 5 (RAR 5.0 archive format, "File header")."""
    extra = b"\x30\x01" + bytes(47) if encrypted else b""
    file = bytes([0, 5, 0x20, 0x80 | 0x0, 0x03, 1, len(name)]) + name
    body = bytes([2, 3 if extra else 2]) + (bytes([len(extra)]) if extra else b"") + b"\5"
    header = bytes([len(body) + len(file) + len(extra)]) + body + file + extra
    main = bytes([3, 1, 0, 0])
    blocks = struct.pack("<I", zlib.crc32(main)) + main
    blocks += struct.pack("<I", zlib.crc32(header)) + header + b"hello"
    return b"Rar!\x1a\x07\x01\x00" + blocks


@pytest.mark.parametrize("encrypted", [False, True])
def test_rar_tells_names_and_encryption(encrypted: bool) -> None:
    content = examine(_rar5(b"evil.exe", encrypted=encrypted))
    assert content.kind == "rar"
    assert content.detail == "version 5, 1 member: evil.exe"
    assert ("encrypted-members" in content.traits) is encrypted
    assert content.limit == "needs an unpacker for rar"


def test_rar_of_version_4() -> None:
    name = b"a.exe"
    file = struct.pack("<HBHHIIBIIBBHI", 0, 0x74, 0x8004, 32 + len(name), 4, 4, 2, 0, 0, 29, 0x30,
                       len(name), 32) + name  # fmt: skip
    data = b"Rar!\x1a\x07\x00" + struct.pack("<HBHHHI", 0, 0x73, 0, 13, 0, 0) + file + b"data"
    listing = rar_listing(data)
    assert listing.names == ("a.exe",)
    assert listing.encrypted


@pytest.mark.parametrize(
    ("options", "detail", "locked"),
    [
        ((), "2 members", False),
        (("-mhc=off",), "2 members", False),
        (("-pinfected",), "2 members", True),
        (("-pinfected", "-mhe=on"), "names encrypted", True),
    ],
)
def test_7zip_tells_names(
    tmp_path: Path, options: tuple[str, ...], detail: str, locked: bool
) -> None:
    if shutil.which("7z") is None:
        pytest.skip("7z, the oracle, is not installed")
    for name in ("one.bin", "two.txt"):
        (tmp_path / name).write_bytes(_BODY)
    command = ["7z", "a", "-bd", *options, "x.7z", "one.bin", "two.txt"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    content = examine((tmp_path / "x.7z").read_bytes())
    assert content.kind == "7z"
    assert content.detail.startswith(detail)
    assert ("one.bin" in content.detail) is (detail == "2 members")
    assert ("encrypted-members" in content.traits) is locked
    assert content.limit == "needs an unpacker for 7z"


def test_a_cabinet_made_by_gcab_is_unpacked(tmp_path: Path) -> None:
    if shutil.which("gcab") is None:
        pytest.skip("gcab, the oracle, is not installed")
    (tmp_path / "one.bin").write_bytes(_BODY)
    subprocess.run(["gcab", "-c", "-z", "x.cab", "one.bin"], cwd=tmp_path, check=True)
    content = examine((tmp_path / "x.cab").read_bytes())
    assert [layer.kind for layer in content.layers] == ["cab", "elf"]


@given(
    st.binary(max_size=300),
    st.sampled_from([b"MSCF", b"Rar!\x1a\x07\x01\x00", b"Rar!\x1a\x07\x00"]),
)
def test_listing_is_total(data: bytes, magic: bytes) -> None:
    if magic == b"MSCF":
        assert len(cab_listing(magic + data).names) <= 64
        assert len(list(cab_members(magic + data, 1 << 20))) <= 64
    else:
        assert len(rar_listing(magic + data).names) <= 64
