"""The fast pass: what it yields is what a slow look at every value would choose."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.regf.builder import Key, Value, build, link, text
from tests.regf.reading import WAYS, way
from triage.parsers.regf import Hive, Looks, open_hive
from triage.parsers.regf.looks import LETTERS, MARKS
from triage.parsers.regf.odd import is_odd_name


def slowly(data: bytes) -> tuple[int, ...]:
    """Head, zeros, wide, letters, marks and highs, one byte after the other."""
    return (
        int.from_bytes(data[:8], "little"), sum(b == 0 for b in data),
        sum(b == 0 for b in data[1::2]), sum(b in LETTERS for b in data),
        sum(b in MARKS for b in data), sum(b >= 0x80 for b in data),
    )  # fmt: skip


def entropy(data: bytes) -> float:
    shares = [n / len(data) for n in Counter(data).values()]
    return -sum(p * math.log2(p) for p in shares)


def sifted(values: list[Value], one: str, **more: object) -> dict[str, Looks]:
    with way(one):
        hive = open_hive(build(Key("ROOT", values=values)))
        return {v.name: v.looks for v in hive.sift(**more)}  # type: ignore[arg-type]


@pytest.mark.parametrize("one", WAYS)
@settings(max_examples=25, deadline=None)
@given(datas=st.lists(st.one_of(
    st.binary(min_size=64, max_size=700),
    st.text(min_size=40, max_size=200).map(lambda t: t.encode("utf-16-le", "surrogatepass")),
    st.integers(500, 20_000).map(lambda n: bytes(n % 251 for n in range(n))),
), min_size=1, max_size=6))  # fmt: skip
def test_numbers_are_right(one: str, datas: list[bytes]) -> None:
    datas = [data for data in datas if len(data) >= 64]
    found = sifted([Value(f"v{n}", 3, data) for n, data in enumerate(datas)], one)
    assert set(found) == {f"v{n}" for n in range(len(datas))}
    for number, data in enumerate(datas):
        looks = found[f"v{number}"]
        head, zeros, wide, letters, marks, highs = slowly(data)
        assert (looks.size, looks.declared, looks.type) == (len(data), len(data), 3)
        assert (looks.head, looks.zeros, looks.wide) == (head, zeros, wide)
        assert (looks.letters, looks.marks, looks.highs) == (letters, marks, highs)
        told = len(data) >= 512 and zeros * 10 < len(data) * 3
        assert looks.entropy == pytest.approx(entropy(data) if told else 0.0)


ODD = {
    "": Value("", 3, b"123"),
    "plain": Value("plain", 1, text("short")),
    "nul\0inside": Value("nul\0inside", 1, text("x")),
    "tab\there": Value("tab\there", 1, text("x")),
    "  ": Value("  ", 1, text("x")),
    "del\x7f": Value("del\x7f", 1, text("x")),
    "soft\xadhyphen": Value("soft\xadhyphen", 1, text("x")),
    "umlaut\xe4": Value("umlaut\xe4", 1, text("x")),
    "rtl\u202egpj": Value("rtl\u202egpj", 1, text("x")),
    "\u041f\u0440\u0438": Value("\u041f\u0440\u0438", 1, text("x")),
    "lone\ud800": Value("lone\ud800", 1, text("x")),
    "n" * 255: Value("n" * 255, 1, text("x")),
    "n" * 256: Value("n" * 256, 1, text("x")),
    "wide": Value("wide", 1, text("x"), wide=True),
    "odd length": Value("odd length", 1, b"abc"),
    "dword of 3": Value("dword of 3", 4, b"abc"),
    "dword": Value("dword", 4, b"abcd"),
    "qword of 4": Value("qword of 4", 11, b"abcd"),
    "type 99": Value("type 99", 99, b"a"),
    "type of a device": Value("type of a device", 0xFFFF0007, b"a"),
    "says more": Value("says more", 3, b"abcdefgh", declared=60),
}
EXPECTED = {
    "nul\0inside", "tab\there", "  ", "del\x7f", "soft\xadhyphen", "rtl\u202egpj", "lone\ud800",
    "n" * 256, "odd length", "dword of 3", "qword of 4", "type 99", "says more",
}  # fmt: skip


@pytest.mark.parametrize("one", WAYS)
def test_odd_values(one: str) -> None:
    found = sifted(list(ODD.values()), one)
    assert set(found) == EXPECTED
    assert all(looks.odd for looks in found.values())
    assert found["says more"].size < found["says more"].declared == 60
    assert sifted(list(ODD.values()), one, least=4).keys() > EXPECTED


@pytest.mark.parametrize("one", WAYS)
def test_lying_types_are_given_whole(one: str) -> None:
    payload = b"MZ" + bytes(range(256)) * 24
    types = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x10007, 0xFFFF0012, 0xFFFFFFFF)
    values = [Value(f"t{kind:x}", kind, payload + bytes([kind & 255])) for kind in types]
    with way(one):
        hive = open_hive(build(Key("ROOT", values=values)))
        found = {v.name: (v.type, v.data) for v in hive.sift(where=lambda k: k.size > 6000)}
    assert found == {v.name: (v.type, v.data) for v in values}


@pytest.mark.parametrize("one", WAYS)
@pytest.mark.parametrize("size", [16343, 16344, 16345, 32688, 32689, 50_001, 1_048_577])
def test_big_data_is_put_together(one: str, size: int) -> None:
    data = bytes(n * 7 % 253 for n in range(size))
    with way(one):
        (value,) = open_hive(
            build(Key("ROOT", values=[Value("v", 3, data, slack=b"SLACK")]))
        ).sift()
    assert value.data == data
    head, zeros, wide, letters, marks, highs = slowly(data)
    looks = value.looks
    assert (looks.zeros, looks.wide, looks.letters, looks.marks) == (zeros, wide, letters, marks)
    assert (looks.head, looks.highs, looks.entropy) == (head, highs, pytest.approx(entropy(data)))


@pytest.mark.parametrize("one", WAYS)
def test_keys_worth_a_look(one: str) -> None:
    keys = [
        Key("plain"), Key("class", class_name=b"s\0"), link("link", "\\Registry\\User"),
        Key("nul\0inside"), Key("\u202erlo"), Key("k" * 300), Key("\u041a\u043b\u044e\u0447"),
    ]  # fmt: skip
    with way(one):
        hive = open_hive(build(Key("ROOT", keys=keys)))
        found = {key.name for key in hive.sift_keys()}
        assert {key.symlink for key in hive.sift_keys()} == {None, "\\Registry\\User"}
    assert found == {"class", "link", "nul\0inside", "\u202erlo", "k" * 300}


@pytest.mark.parametrize("one", WAYS)
def test_descriptors(one: str) -> None:
    keys = [Key("a"), Key("b", security=b"\1other"), Key("c", security=b"\1other")]
    with way(one):
        hive = open_hive(build(Key("ROOT", keys=keys)))
        found = {key.path: (data, count) for data, key, count in hive.descriptors()}
    assert found["b"] == (b"\1other", 2)
    assert found[""][1] == 2


@pytest.mark.corpus
def test_nothing_is_passed_over(corpus: Path) -> None:
    """In a real hive: all values of 64 bytes and more, and no other but the odd ones."""
    pytest.importorskip("numpy", reason="the windows extra is not installed")
    hive: Hive = open_hive((corpus / "hives/clean/SYSTEM").read_bytes())
    large = {v.offset for _, values in hive.walk() for v in values if v.size >= 64}
    sifted_ = {v.offset: v for v in hive.sift()}
    assert large <= sifted_.keys()
    rest = [v for offset, v in sifted_.items() if offset not in large]
    assert [(v.type, v.size) for v in rest if not is_odd_name(v.name)] == [(1, 49)]
