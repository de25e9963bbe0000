"""Bytes that were moved about, and spellings that few use."""

from __future__ import annotations

import base64
import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.content.test_respelled import PYTHON, SHELL
from triage.content.examine import examine, payload
from triage.reader import _holds_nothing_encoded

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
Wrap = Callable[[bytes], bytes]


def base58(data: bytes) -> bytes:
    number, out = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        out = _BASE58[digit] + out
    return out.encode()


def rows(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def intel_hex(data: bytes) -> bytes:
    out = []
    for number, row in enumerate(rows(data, 16)):
        record = bytes([len(row), number * 16 >> 8 & 255, number * 16 & 255, 0]) + row
        out.append(f":{record.hex().upper()}{-sum(record) & 255:02X}")
    return "\n".join([*out, ":00000001FF"]).encode()


def s_records(data: bytes) -> bytes:
    out = []
    for number, row in enumerate(rows(data, 16)):
        record = bytes([len(row) + 3, number * 16 >> 8 & 255, number * 16 & 255]) + row
        out.append(f"S1{record.hex().upper()}{~sum(record) & 255:02X}")
    return "\n".join(out).encode()


def numbered(data: bytes) -> bytes:
    """Lines of base64 in a random order, each with its number."""
    lines = list(enumerate(rows(base64.b64encode(gzip.compress(data, mtime=0)), 24)))
    random.Random(3).shuffle(lines)
    return b"\n".join(b"%03d %s" % pair for pair in lines)


TEXTS: dict[str, Wrap] = {
    "base58": base58,
    "Intel HEX": intel_hex,
    "S-records": s_records,
    "octal": lambda data: b" ".join(b"%03o" % byte for byte in data),
    "bits": lambda data: " ".join(f"{byte:08b}" for byte in data).encode(),
    "blanks": lambda data: "".join(f"{b:08b}\n" for b in data).translate(
        str.maketrans("01", " \t")).encode(),
    "last line first": lambda data: b"\n".join(rows(base64.b64encode(data), 40)[::-1]),
    "numbered lines": numbered,
    "lines of four": lambda data: b"\r\n".join(rows(base64.b64encode(data), 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("data", [SHELL, PYTHON], ids=["shell", "python"])
def test_a_script_in_a_rare_spelling(name: str, data: bytes) -> None:
    text = TEXTS[name](data)
    found = payload(examine(text))
    assert found is not None
    assert found.kind in ("shell", "python")
    assert not _holds_nothing_encoded(text)


def program() -> bytes:
    return next(p for p in map(Path, ("/bin/sleep", "/bin/ls")) if p.is_file()).read_bytes()


def scattered(data: bytes) -> bytes:
    noise = random.Random(5).randbytes(len(data))
    return bytes(byte for pair in zip(data, noise, strict=True) for byte in pair)


BINARIES: dict[str, Wrap] = {
    "between noise": scattered,
    "halves apart": lambda data: data[::2] + data[1::2],
    "without its magic": lambda data: data[4:],
}


@pytest.mark.parametrize("name", BINARIES)
def test_a_program_whose_bytes_were_moved(name: str) -> None:
    found = payload(examine(BINARIES[name](program())))
    assert found is not None
    assert found.kind == "elf"


@pytest.mark.parametrize("seed", range(20))
def test_noise_and_figures_stay_what_they_are(seed: int) -> None:
    noise = random.Random(seed)
    assert payload(examine(noise.randbytes(3000))) is None
    figures = " ".join(f"{noise.randrange(256):03o}" for _ in range(300)).encode()
    assert payload(examine(figures)) is None
    assert payload(examine(base58(noise.randbytes(200)))) is None
