"""Hives made to break a reader: bounded, no exception, and what is wrong has a name."""

from __future__ import annotations

import os
import random
import struct
import tracemalloc
from collections.abc import Callable
from itertools import pairwise

import pytest

from tests.regf.builder import NONE, PAGE, Key, Value, base_block, build, link, text
from tests.regf.reading import WAYS, everything, way
from triage.parsers import Malformed
from triage.parsers.regf import Hive, cells, open_hive, whole_size

MUTANTS = 300 * int(os.environ.get("TRIAGE_NIGHTLY", "1"))
TWICE = "two lists name the same record"
OUTSIDE = "a reference leads outside the bins or between cells"


class Image:
    """A hive laid out cell by cell, so that each may point wherever it likes."""

    def __init__(self) -> None:
        self.cells = bytearray(struct.pack("<4sIIQQI", b"hbin", 0, 0, 0, 0, 0))

    def add(self, content: bytes, size: int | None = None) -> int:
        """Append a cell, give its place; ``size`` is what it says of itself."""
        place = len(self.cells)
        room = (4 + len(content) + 7) & ~7
        self.cells += struct.pack("<i", -room if size is None else size)
        self.cells += content.ljust(room - 4, b"\0")
        return place

    def word(self, at: int, value: int) -> None:
        struct.pack_into("<I", self.cells, at, value & NONE)

    def hive(self, root: int) -> bytes:
        bins = self.cells.ljust((len(self.cells) + PAGE - 1) & -PAGE, b"\0")
        struct.pack_into("<I", bins, 8, len(bins))
        if len(self.cells) < len(bins):
            struct.pack_into("<i", bins, len(self.cells), len(bins) - len(self.cells))
        return base_block(len(bins), root, "HOSTILE") + bytes(bins)


def node(
    *,
    parent: int = NONE,
    subkeys: tuple[int, int] = (0, NONE),
    values: tuple[int, int] = (0, NONE),
    name: bytes = b"k",
    size: int | None = None,
) -> bytes:
    length = len(name) if size is None else size
    return struct.pack(
        "<2sHQIIIIIIIIIIIIIIIHH", b"nk", 0x20, 133 * 10**15, 0, parent, subkeys[0], 0, subkeys[1],
        NONE, values[0], values[1], NONE, NONE, 0, 0, 0, 0, 0, length, 0,
    ) + name  # fmt: skip


def entry(data: int, size: int, *, name: bytes = b"v", length: int | None = None) -> bytes:
    length = len(name) if length is None else length
    return struct.pack("<2sHIIIHH", b"vk", length, size, data, 3, 1, 0) + name


def leads(kind: bytes, found: list[int], count: int | None = None) -> bytes:
    rows = (
        struct.pack(
            "<II" if kind in (b"lf", b"lh") else "<I", *([c, 0][: 1 + (kind in (b"lf", b"lh"))])
        )
        for c in found
    )
    return struct.pack("<2sH", kind, len(found) if count is None else count) + b"".join(rows)


def cycle() -> bytes:
    """Two keys, each the subkey of the other."""
    image = Image()
    first, second = image.add(node()), image.add(node())
    lists = [image.add(leads(b"lf", [cell])) for cell in (second, first)]
    for cell, listed in zip((first, second), lists, strict=True):
        image.word(cell + 4 + 20, 1)
        image.word(cell + 4 + 28, listed)
    return image.hive(first)


def paths(levels: int = 40) -> bytes:
    """Each key has the next one twice: 2^40 paths lead to the last."""
    image = Image()
    nodes = [image.add(node(name=b"n%02d" % n)) for n in range(levels + 1)]
    for upper, lower in pairwise(nodes):
        image.word(upper + 4 + 20, 2)
        image.word(upper + 4 + 28, image.add(leads(b"lh", [lower, lower])))
    value = image.add(entry(0x41414141, 0x80000004))
    image.word(nodes[-1] + 4 + 36, 1)
    image.word(nodes[-1] + 4 + 40, image.add(struct.pack("<I", value)))
    return image.hive(nodes[0])


def wide_index() -> bytes:
    """A list of 20,000 lists, each the same list of 20,000 keys."""
    image = Image()
    key = image.add(node())
    leaf = image.add(leads(b"li", [key] * 20_000))
    index = image.add(leads(b"ri", [leaf] * 20_000))
    return image.hive(image.add(node(subkeys=(NONE, index))))


def nested_index() -> bytes:
    """A list of lists that names itself."""
    image = Image()
    index = image.add(leads(b"ri", [0, 0]))
    image.word(index + 8, index)
    return image.hive(image.add(node(subkeys=(1, index))))


def shared_values() -> bytes:
    """400 keys, all with the same list of 900 values."""
    image = Image()
    values = [image.add(entry(n, 0x80000004)) for n in range(900)]
    listed = image.add(struct.pack(f"<{len(values)}I", *values))
    keys = [image.add(node(values=(len(values), listed))) for _ in range(400)]
    return image.hive(image.add(node(subkeys=(1, image.add(leads(b"li", keys))))))


def self_big() -> bytes:
    """Big data whose list of segments is itself, and one with one segment 20,000 times."""
    image = Image()
    own = image.add(struct.pack("<2sHI", b"db", 20_000, 0))
    image.word(own + 8, own)
    segment = image.add(b"s" * 200)
    listed = image.add(struct.pack("<20000I", *[segment] * 20_000))
    other = image.add(struct.pack("<2sHI", b"db", 20_000, listed))
    values = [image.add(entry(cell, 0x7FFFFFFF)) for cell in (own, other)]
    listed = image.add(struct.pack("<2I", *values))
    return image.hive(image.add(node(values=(2, listed))))


def sizes() -> bytes:
    """Sizes of 0, 0xFFFFFFFF and 0x80000000 in cells, names, values, lists and counts."""
    image = Image()
    strange = (0, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF)
    data = [image.add(b"d" * 64, struct.unpack("<i", struct.pack("<I", n))[0]) for n in strange]
    values = [image.add(entry(cell, n)) for cell in data for n in strange]
    values += [image.add(entry(cell, 40, length=0xFFFF)) for cell in data]
    keys = [image.add(node(values=(n, image.add(struct.pack("<I", values[0]))))) for n in strange]
    keys.append(image.add(node(size=0xFFFF)))
    listed = image.add(struct.pack(f"<{len(values)}I", *values))
    below = image.add(leads(b"lf", [*keys, 0, NONE, 4, 0x7FFFFFF8], count=0xFFFF))
    return image.hive(image.add(node(subkeys=(NONE, below), values=(NONE, listed))))


def deep(levels: int = 1200) -> bytes:
    """Keys far deeper than Windows lets them be."""
    image = Image()
    nodes = [image.add(node(name=b"d")) for _ in range(levels)]
    for upper, lower in pairwise(nodes):
        image.word(upper + 4 + 20, 1)
        image.word(upper + 4 + 28, image.add(leads(b"li", [lower])))
        image.word(lower + 4 + 16, upper)
    return image.hive(nodes[0])


def own_parents() -> bytes:
    """Deleted keys that are below each other."""
    image = Image()
    root = image.add(node())
    first, second = image.add(node(name=b"one"), 88), image.add(node(name=b"two"), 88)
    image.word(first + 4 + 16, second)
    image.word(second + 4 + 16, first)
    alone = image.add(node(name=b"own"), 88)
    image.word(alone + 4 + 16, alone)
    return image.hive(root)


def signatures() -> bytes:
    """Nothing but places where a record could begin."""
    root = Image()
    place = root.add(node())
    for _ in range(8_000):
        root.add(entry(place, 0x7FFFFF00))
    return root.hive(place)


CASES: dict[str, tuple[Callable[[], bytes], int, int, set[str]]] = {
    # what makes it, keys and values that the tree has, anomalies that must be among those told
    "cycle": (cycle, 2, 0, {TWICE}),
    "2^40 paths": (paths, 41, 1, {TWICE}),
    "a list of the same list": (wide_index, 2, 0, {TWICE}),
    "a list of itself": (nested_index, 1, 0, {TWICE}),
    "shared values": (shared_values, 401, 900, {TWICE}),
    "big data of itself": (self_big, 1, 2, {"big data is not whole"}),
    "sizes": (sizes, 6, 20, {OUTSIDE, "a list is longer than its cell",
                             "a name is longer than its cell"}),
    "deep": (deep, 513, 0, {"keys lie deeper than Windows allows"}),
    "own parents": (own_parents, 1, 0, set()),
    "signatures": (signatures, 1, 0, set()),
}  # fmt: skip


class Steps:
    """Counts how often bytes of a hive are looked up."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.taken = 0
        span = cells.Cells.span

        def counted(self_: cells.Cells, cell: int) -> tuple[int, int] | None:
            self.taken += 1
            return span(self_, cell)

        patch.setattr(cells.Cells, "span", counted)


@pytest.mark.parametrize("one", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_crafted(name: str, one: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, keys, values, wanted = CASES[name]
    image = make()
    steps = Steps(monkeypatch)
    with way(one):
        tracemalloc.start()
        hive = open_hive(image)
        walked = list(hive.walk())
        found = everything(hive)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (len(walked), sum(len(v) for _, v in walked)) == (keys, values)
    assert wanted <= {a.text for a in hive.anomalies}
    assert len(hive.anomalies) <= 32 * 16
    # Each of the ways to ask reads a cell a few times; none multiplies with another.
    assert steps.taken < 12 * len(image) // 8
    assert peak < (20 << 20) + 60 * len(image)
    assert len(found) < len(image)


@pytest.mark.parametrize("name", CASES)
def test_both_ways_agree(name: str) -> None:
    found = []
    for one in WAYS:
        with way(one):
            found.append(everything(open_hive(CASES[name][0]())))
    assert found[0] == found[1]


def test_what_lies_too_deep_is_not_lost() -> None:
    hive = open_hive(deep())
    assert sum(1 for item in hive.deleted() if item.state == "orphan") == 1200 - 513
    assert max(len(key.path) for key, _ in hive.walk()) == 2 * 512 - 1


@pytest.mark.parametrize("name", ["big data of itself", "sizes"])
def test_data_is_no_longer_than_its_cells(name: str) -> None:
    image = CASES[name][0]()
    for value in open_hive(image).sift():
        assert len(value.data) < len(image)
        assert value.looks.odd


@pytest.mark.parametrize("data", [
    b"", b"regf", b"\0" * 8192, b"regf" + bytes(4092), bytes(4096) + b"hbin" + bytes(4092),
    build(Key("ROOT"))[:4096],
])  # fmt: skip
def test_no_hive_at_all(data: bytes) -> None:
    with pytest.raises(Malformed):
        open_hive(data)


def test_how_much_of_a_sparse_file_is_hive() -> None:
    """A file of 1 TB is a hive of as many bytes as its base block says."""
    image = build(Key("ROOT", values=[Value("v", 1, text("x"))]))
    assert whole_size(image[:512]) == len(image)
    assert whole_size(b"MZ" + bytes(510)) is None
    assert whole_size(b"regf") is None
    sparse = image + bytes(1 << 20)
    hive = open_hive(memoryview(sparse)[: whole_size(sparse[:512])])
    assert [v.name for _, values in hive.walk() for v in values] == ["v"]


@pytest.mark.parametrize("minor", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("one", WAYS)
def test_versions(minor: int, one: str) -> None:
    """NT 3.1 to Windows 11: other heads of cells, other lists, big data or none."""
    data = bytes(range(256)) * 80
    root = Key("ROOT", keys=[Key(f"k{n:03}", values=[Value("v", 3, data[n:])]) for n in range(9)])
    with way(one):
        hive = open_hive(build(root, minor=minor))
        found = {(k.path, v.data) for k, vs in hive.walk() for v in vs}
        assert found == {(f"k{n:03}", data[n:]) for n in range(9)}
        assert hive.anomalies == ()
        assert hive.root.security is not None


@pytest.mark.parametrize("at", [20, 24, 36, 37, 40, 48])
def test_a_damaged_base_block(at: int) -> None:
    """Version, root, size or name overwritten: the root is found by what it is."""
    image = bytearray(build(Key("ROOT", keys=[Key("K", values=[Value("v", 3, b"x" * 99)])])))
    image[at : at + 4] = b"\x00\x00\x00\x00" if at == 24 else b"\xee\x0e\x00\x00"
    hive = open_hive(bytes(image))
    assert hive.dirty
    assert [(v.path, v.name, v.data) for v in hive.sift()] == [("K", "v", b"x" * 99)]


SAMPLE = build(
    Key("ROOT", keys=[
        Key("a", values=[Value("x", 3, b"p" * 300), Value("big", 3, bytes(range(256)) * 90)]),
        Key("b", removed=True, values=[Value("y", 1, text("deleted")), Value("z", 4, b"1234")]),
        link("l", "\\Registry\\X"), *(Key(f"k{n}", class_name=b"c\0") for n in range(600)),
    ]),
    pad=64 * PAGE,
)  # fmt: skip
STRANGE = (0, 1, 4, 8, 0x20, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0x80000004, 0xFFFFFFF8, 0xFFFFFFFF)
SIGNATURES = (b"nk", b"vk", b"lh", b"lf", b"li", b"ri", b"sk", b"db", b"hbin")


def mutant(number: int) -> bytes:
    """The sample with some of its structure replaced: words, signatures, swapped and cut pages."""
    chance = random.Random(number)
    image = bytearray(SAMPLE)
    for _ in range(chance.randrange(1, 12)):
        # Most of the sample is free: what matters lies in its first half.
        at = (
            chance.randrange(PAGE, len(image) // 2) & ~3
            if chance.random() < 0.9
            else chance.randrange(0, 512) & ~3
        )
        kind = chance.randrange(6)
        if kind == 0:
            struct.pack_into("<I", image, at, chance.choice(STRANGE))
        elif kind == 1:
            sig = chance.choice(SIGNATURES)
            image[at : at + len(sig)] = sig
        elif kind == 2:
            struct.pack_into("<I", image, at, chance.randrange(0, len(image)) & ~7)
        elif kind == 3:
            other = chance.randrange(PAGE, len(image) // 2) & ~3
            image[at : at + 4], image[other : other + 4] = (
                image[other : other + 4],
                image[at : at + 4],
            )
        elif kind == 4:
            start = at & -PAGE
            image[start : start + PAGE] = image[chance.randrange(1, 30) * PAGE :][:PAGE]
        else:
            image[at] ^= 1 << chance.randrange(8)
    cut = len(image) if chance.random() < 0.8 else chance.randrange(PAGE, len(image))
    return bytes(image[:cut])


def read(image: bytes, logs: tuple[bytes, ...] = ()) -> list[object]:
    try:
        hive: Hive = open_hive(image, logs)
    except Malformed:
        return []
    found = everything(hive)
    assert len(hive.anomalies) <= 32 * 16
    return found


@pytest.mark.parametrize("part", range(10))
def test_mutants(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing raises, both ways agree, and no mutant costs much more than the sample."""
    steps = Steps(monkeypatch)
    with way("records"):
        read(SAMPLE)
    usual = steps.taken
    for number in range(part, MUTANTS, 10):
        image = mutant(number)
        steps.taken = 0
        with way("records"):
            by_records = read(image)
        assert steps.taken < 6 * usual, number
        with way("arrays"):
            assert read(image) == by_records, number


def test_mutants_as_logs() -> None:
    """A log is as hostile as a hive."""
    from tests.regf.builder import checked, log_entry, log_file

    after = build(Key("ROOT", values=[Value("n", 3, b"n" * 500)]), pad=len(SAMPLE) - PAGE)
    dirty = checked(SAMPLE, sequence=(3, 2))
    log = log_file(after, [log_entry(SAMPLE, after, 3)])
    assert read(dirty, (log,)) != read(dirty)
    chance = random.Random(7)
    for _ in range(MUTANTS // 12):
        bad = bytearray(log)
        for _ in range(3):
            at = chance.randrange(0, 700) & ~3
            struct.pack_into("<I", bad, at, chance.choice(STRANGE))
        read(dirty, (bytes(bad[: chance.randrange(len(bad) + 1)]), bytes(bad)))
