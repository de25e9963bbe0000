"""Payloads cut into parts come together again, whatever their names, and nothing else does."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable

import pytest

from tests.content.payloads import PAYLOADS
from triage.content.examine import payload
from triage.content.reassemble import reassemble

Parts = list[tuple[str, bytes]]


def _cut(data: bytes, count: int) -> list[bytes]:
    size = -(-len(data) // count)
    return [data[at : at + size] for at in range(0, len(data), size)]


def _letters(number: int) -> str:
    return chr(ord("a") + number)


_NAMES: dict[str, Callable[[int], str]] = {
    "numbers": lambda n: str(n + 1),
    "numbers from zero": str,
    "padded": lambda n: f"{n:04d}",
    "letters": _letters,
    "hex": lambda n: f"{n:x}",
    "prefix": lambda n: f"part{n}",
    "suffix": lambda n: f"{n}.dat",
    "paths": lambda n: f"/dev/shm/.x{n}",
}


@pytest.mark.parametrize("kind", ["pe", "elf", "powershell"])
@pytest.mark.parametrize("names", sorted(_NAMES))
def test_encoded_parts_are_joined_in_order(kind: str, names: str) -> None:
    rng = random.Random(f"{kind}{names}")
    original = base64.b64encode(PAYLOADS[kind](rng))
    count = 14 if names != "letters" else 9
    parts = [(_NAMES[names](n), piece) for n, piece in enumerate(_cut(original, count))]
    expected = tuple(name for name, _ in parts)
    rng.shuffle(parts)
    found = reassemble(parts)
    assert found is not None
    assert found.names == expected
    assert found.data == original
    best = payload(found.content)
    assert best is not None
    assert best.kind == kind


def test_raw_program_chunks_are_joined() -> None:
    rng = random.Random(5)
    original = PAYLOADS["pe"](rng)
    parts = [(str(n), piece) for n, piece in enumerate(_cut(original, 7))]
    rng.shuffle(parts)
    found = reassemble(parts)
    assert found is not None
    assert found.data == original


def test_registry_strings_lose_their_terminators() -> None:
    rng = random.Random(6)
    text = base64.b64encode(PAYLOADS["elf"](rng)).decode()
    parts = [
        (str(n), text[at : at + 400].encode("utf-16-le") + b"\0\0")
        for n, at in enumerate(range(0, len(text), 400))
    ]
    found = reassemble(parts)
    assert found is not None
    assert found.data == text.encode("utf-16-le")


def test_parts_that_do_not_belong_are_left_out() -> None:
    rng = random.Random(7)
    original = base64.b64encode(PAYLOADS["pe"](rng))
    parts = [(str(n), piece) for n, piece in enumerate(_cut(original, 6))]
    others = [
        ("Path", b"C:\\Windows\\system32"),
        ("Version", b"10.0.19041"),
        ("Flags", b"\1\0\0\0"),
    ]
    found = reassemble([others[0], *parts, *others[1:]])
    assert found is not None
    assert found.names == tuple(str(n) for n in range(len(parts)))


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [("1", b"one")],
        [("1", b""), ("2", b"")],
        [(str(n), b"C:\\Program Files\\App%d\\app.exe" % n) for n in range(12)],
        [(str(n), random.Random(n).randbytes(512)) for n in range(12)],
        [("a", b"hello world"), ("b", b"this is a text"), ("c", b"and another one")],
    ],
)
def test_nothing_is_made_of_ordinary_values(parts: Parts) -> None:
    assert reassemble(parts) is None


def test_whole_programs_side_by_side_are_not_one() -> None:
    rng = random.Random(9)
    parts = [(str(n), PAYLOADS["pe"](rng)) for n in range(3)]
    assert reassemble(parts) is None
