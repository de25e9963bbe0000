"""What lies beside the tree, in hives that say what was put there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.regf.builder import Key, Loose, Value, build
from tests.regf.reading import WAYS, way
from triage.parsers.regf import Hive, Remnant, open_hive
from triage.parsers.regf import Key as Found
from triage.parsers.regf import Value as FoundValue

BIG = bytes(range(1, 251)) * 200
TREE = Key(
    "ROOT",
    keys=[
        Key("Run", values=[
            Value("stays", 1, b"s" * 70),
            Value("gone", 3, b"MZ" + b"\x11" * 500, removed=True),
            Value("slack", 3, b"short", slack=b"hidden payload " * 20),
        ]),
        Key("Deleted", removed=True, class_name=b"c\0l\0", values=[
            Value("inside", 4, b"D" * 3000), Value("tiny", 4, b"\1\0\0\0"), Value("big", 3, BIG),
        ], keys=[Key("Below", values=[Value("deep", 1, b"d" * 90)])]),
    ],
)  # fmt: skip
LOOSE = [Loose(b"unreferenced " * 20), Loose(b"freed bytes " * 20, allocated=False)]


@pytest.fixture(params=WAYS)
def hive(request: pytest.FixtureRequest) -> Hive:
    with way(request.param):
        found = open_hive(build(TREE, loose=LOOSE, tail=b"behind the bins " * 8))
        # The survey is taken here, the way that is asked for.
        assert [key.path for key, _ in found.walk()] == ["", "Run"]
        list(found.remnants())
    return found


def test_deleted_keys(hive: Hive) -> None:
    keys = {key.path: key for key in hive.deleted() if isinstance(key, Found)}
    assert set(keys) == {"Deleted", "Deleted\\Below"}
    assert {key.state for key in keys.values()} == {"deleted"}
    assert keys["Deleted"].class_name == b"c\0l\0"
    assert keys["Deleted"].last_write == keys["Deleted\\Below"].last_write is not None


def test_deleted_values(hive: Hive) -> None:
    found = [value for value in hive.deleted() if isinstance(value, FoundValue)]
    assert {(v.path, v.name): (v.type, v.data, v.state) for v in found} == {
        ("?", "gone"): (3, b"MZ" + b"\x11" * 500, "deleted"),
        ("Deleted", "inside"): (4, b"D" * 3000, "deleted"),
        ("Deleted", "tiny"): (4, b"\1\0\0\0", "deleted"),
        ("Deleted", "big"): (3, BIG, "deleted"),
        ("Deleted\\Below", "deep"): (1, b"d" * 90, "deleted"),
    }


def test_sifted_as_those_of_the_tree(hive: Hive) -> None:
    names = {value.name: value.looks for value in hive.sift_deleted()}
    assert set(names) == {"gone", "inside", "big", "deep"}
    assert names["inside"].odd
    assert not names["gone"].odd
    assert names["gone"].head & 0xFFFF == 0x5A4D
    assert [v.name for v in hive.sift_deleted(where=lambda looks: looks.size > 5000)] == ["big"]


def test_bytes_that_are_nothing(hive: Hive) -> None:
    found = {(r.kind, r.data.rstrip(b"\0")) for r in hive.remnants()}
    kinds = {kind for kind, _ in found}
    assert kinds == {"slack", "unreferenced", "free", "outside"}
    assert ("slack", b"hidden payload " * 20) in found
    assert ("unreferenced", b"unreferenced " * 20) in found
    assert ("free", b"freed bytes " * 20) in found
    assert ("outside", b"behind the bins " * 8) in found
    assert not any(b"MZ" in data or b"DDDD" in data for _, data in found)


def test_offsets_are_those_of_the_file(hive: Hive) -> None:
    image = build(TREE, loose=LOOSE, tail=b"behind the bins " * 8)
    for item in hive.deleted():
        assert image[item.offset : item.offset + 2] == (b"nk" if isinstance(item, Found) else b"vk")
    for remnant in hive.remnants():
        assert isinstance(remnant, Remnant)
        assert image[remnant.offset :].startswith(remnant.data)


@pytest.mark.parametrize("one", WAYS)
def test_a_value_that_a_living_key_lost(one: str) -> None:
    """The end of a key's list of values still names the value that was last in it."""
    image = bytearray(build(Key("ROOT", keys=[Key("K", values=[
        Value("a", 3, b"a" * 80), Value("b", 3, b"b" * 80)])])))  # fmt: skip
    at = image.find(b"vk", image.find(b"vk") + 1) - 4
    image[at : at + 4] = (-int.from_bytes(image[at : at + 4], "little", signed=True)).to_bytes(
        4, "little"
    )
    key = image.rfind(b"nk")
    image[key + 36 : key + 40] = (1).to_bytes(4, "little")
    with way(one):
        hive = open_hive(bytes(image))
        lost = [value for value in hive.deleted() if isinstance(value, FoundValue)]
        assert [(v.path, v.name) for v in lost] == [("K", "b")]


@pytest.mark.parametrize("one", WAYS)
def test_data_that_was_written_over_is_not_the_value(one: str) -> None:
    """A freed value whose data cell another value has by now has no data."""
    image = bytearray(build(Key("ROOT", values=[
        Value("dead", 3, b"x" * 80, removed=True), Value("live", 3, b"y" * 80)])))  # fmt: skip
    dead, live = image.find(b"dead") - 20, image.find(b"live") - 20
    image[dead + 8 : dead + 12] = image[live + 8 : live + 12]
    with way(one):
        hive = open_hive(bytes(image))
        lost = [value for value in hive.deleted() if isinstance(value, FoundValue)]
        assert [(v.name, v.data) for v in lost] == [("dead", b"")]


REAL = {
    "SYSTEM_B": ({"deleted": 5967, "slack": 20}),
    "UsrClass.dat": ({"deleted": 315}),
    "SYSTEM": {},
}


@pytest.mark.corpus
@pytest.mark.parametrize("name", REAL)
def test_real_hives(corpus: Path, name: str) -> None:
    """As many as yarp finds, but for records that cannot be one."""
    hive = open_hive((corpus / "hives/clean" / name).read_bytes())
    found: dict[str, int] = {}
    for item in hive.deleted():
        found[item.state] = found.get(item.state, 0) + 1
    assert found == REAL[name]
