"""Any bytes get an answer, whatever their beginning promises."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.content.samples_binary import certificate, elf64, lznt1, pe, png
from tests.content.samples_shellcode import SHELLCODE
from triage.content.identify import _TESTS, identify
from triage.content.kinds import KINDS

MAGICS = sorted({magic for rows in _TESTS.values() for magic, _test in rows})
WHOLES = [elf64(), pe(), png(), certificate(), lznt1(b"abcdefgh" * 99), *SHELLCODE.values()]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([b"", *MAGICS]), st.binary(max_size=700), st.integers(0, 1 << 40))
def test_total(magic: bytes, rest: bytes, more: int) -> None:
    data = magic + rest
    assert identify(data).kind in KINDS
    assert identify(data, size=len(data) + more).kind in KINDS


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(WHOLES), st.data())
def test_damaged(whole: bytes, draw: st.DataObject) -> None:
    changed = bytearray(whole)
    for _ in range(draw.draw(st.integers(1, 6))):
        changed[draw.draw(st.integers(0, len(changed) - 1))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(0, len(changed)))
    assert identify(bytes(changed)).kind in KINDS
    assert identify(bytes(changed[:cut]), size=len(changed)).kind in KINDS


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=600), st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be"]))
def test_any_text(text: str, encoding: str) -> None:
    assert identify(text.encode(encoding, "surrogatepass")).kind in KINDS


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(16, 9000))
def test_noise_is_no_program(random: object, size: int) -> None:
    data = random.randbytes(size)  # type: ignore[attr-defined]
    assert identify(data).kind not in (
        "pe",
        "elf",
        "macho",
        "shellcode",
        "powershell",
        "zlib",
        "lznt1",
    )


@pytest.mark.parametrize(
    "data",
    [
        b"a" * 200000,
        b"$" * 100000,
        b"(" * 100000,
        b"\\" * 50000,
        b"[" * 100000,
        b"^a" * 50000,
        b"a-" * 50000,
        b"`a" * 50000,
        b" " * 100000 + b"x",
        b"\n" * 100000,
        b"{" * 99 + b"}" * 99,
        b"\xe8\0\0\0\0" * 20000,
        b"\xeb\xfe" * 20000,
        b"\x90" * 100000,
        b"0\x80" * 5000,
    ],
    ids=lambda data: repr(data[:4]),
)
def test_hostile_patterns_end(data: bytes) -> None:
    assert identify(data).kind in KINDS


def test_large_zeros_are_zeros() -> None:
    assert identify(bytes(100 << 20)).kind == "zeros"
    assert identify(bytes(1 << 20) + b"\1" + bytes(1 << 20)).kind == "data"
