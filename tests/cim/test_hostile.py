"""Repositories made to break a reader: bounded, no exception, and what is missing is named."""

from __future__ import annotations

import os
import random
import struct
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cim.forge import PAGE, STRING, UINT32, Column, Forge, small, subscribe
from tests.cim.judged import collected, judged, write
from tests.cim.test_seeded import encoded_command
from triage.parsers import Malformed
from triage.parsers.cim.definitions import parse_definition
from triage.parsers.cim.index import parse_page, read_index
from triage.parsers.cim.mapping import choose, parse_mapping
from triage.parsers.cim.pages import contents
from triage.parsers.cim.repository import Repository

NAMES = ("OBJECTS.DATA", "INDEX.BTR", "MAPPING1.MAP")
WORDS = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF, 8192, 0xABCD)


def sample(modern: bool = True) -> dict[str, bytes]:
    forge = small(modern)
    subscribe(forge, "CommandLineEventConsumer", {"CommandLineTemplate": encoded_command()})
    forge.define("root\\cimv2", "Win32_Big", [Column("Data", STRING, "A1b2" * 6000)])
    return forge.files()


SAMPLES = {modern: sample(modern) for modern in (True, False)}


def read_all(files: dict[str, bytes]) -> Repository | None:
    """Read everything there is; any exception but Malformed at the start fails the test."""
    maps = {name: data for name, data in files.items() if name.endswith(".MAP")}
    try:
        repository = Repository(files["OBJECTS.DATA"], files.get("INDEX.BTR", b""), maps)
    except Malformed:
        return None
    found = [*repository.classes(), *repository.instances(), *repository.others()]
    for stored in found:
        repository.layout(stored)
        repository.superclasses(stored)
        repository.namespace_name(stored.namespace)
    repository.finish()
    return repository


@pytest.mark.parametrize("modern", [True, False], ids=["vista", "xp"])
@pytest.mark.parametrize("name", NAMES)
def test_cut_anywhere(name: str, modern: bool) -> None:
    files = SAMPLES[modern]
    size = len(files[name])
    cuts = {0, 1, 15, 16, 23, 24, 100, size // 2, size - 1, size - 5}
    cuts |= set(range(0, size, max(PAGE // 2, size // 40)))
    whole = read_all(files)
    assert whole is not None
    assert whole.problems == []
    for cut in sorted(cuts):
        repository = read_all(files | {name: files[name][:cut]})
        if repository is None:
            assert name == "OBJECTS.DATA"
            assert cut < PAGE
        elif name == "MAPPING1.MAP" and cut < size - 8:
            assert repository.problems, f"cut at {cut}, and nothing is said"


@pytest.mark.parametrize("modern", [True, False], ids=["vista", "xp"])
@pytest.mark.parametrize("name", NAMES)
def test_changed_words(name: str, modern: bool) -> None:
    rng = random.Random(f"{name} {modern}")
    files = SAMPLES[modern]
    for _ in range(60):
        data = bytearray(files[name])
        for _ in range(rng.choice((1, 1, 4, 32))):
            at = rng.randrange(0, len(data) - 4)
            # Half the changes hit the tables and headers, where numbers are believed.
            at = at // PAGE * PAGE + at % 256 if rng.random() < 0.5 else at
            struct.pack_into("<I", data, min(at, len(data) - 4), rng.choice(WORDS))
        read_all(files | {name: bytes(data)})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=600), st.integers(0, 40_000), st.sampled_from(NAMES))
def test_overwritten_bytes(noise: bytes, at: int, name: str) -> None:
    data = bytearray(SAMPLES[True][name])
    at %= len(data)
    data[at : at + len(noise)] = noise
    read_all(SAMPLES[True] | {name: bytes(data)})


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_parsers_raise_only_malformed(data: bytes) -> None:
    for parse in (parse_mapping, parse_definition, parse_page):
        try:
            parse(data)
        except Malformed:
            continue
    contents(data, 0)
    choose({"MAPPING1.MAP": data})
    read_index(data, None)


def test_an_index_that_loops_ends_and_is_told() -> None:
    files = dict(SAMPLES[True])
    index = bytearray(files["INDEX.BTR"])
    for page in range(1, len(index) // PAGE):
        count = struct.unpack_from("<I", index, page * PAGE + 16)[0]
        struct.pack_into("<I", index, page * PAGE + 20 + 4 * count, 1)
    repository = read_all(files | {"INDEX.BTR": bytes(index)})
    assert repository is not None
    assert [p for p in repository.problems if "twice" in p.what]


def test_classes_that_inherit_from_each_other_end() -> None:
    forge = Forge()
    forge.define("__SystemClass", "A", [Column("X", UINT32, 1)])
    table = forge.define("__SystemClass", "B", [Column("Y", UINT32, 1)], "A")
    forge.tables["__systemclass", "a"] = table
    forge.keys = forge.keys[1:]
    forge.define("__SystemClass", "A", [Column("Z", UINT32, 1)], "B")
    assert read_all(forge.files()) is not None


def test_records_that_overlap_do_not_multiply() -> None:
    """A page of 500 rows that all claim to be huge must not give 500 huge records."""
    forge = small()
    rows = b"".join(struct.pack("<4I", n, 16 * 501, 60 << 20, 0) for n in range(1, 501))
    forge.of_objects.append(len(forge.objects) // PAGE)
    forge.objects += (rows + bytes(16)).ljust(PAGE, b"x") + b"y" * (PAGE * 300)
    files = forge.files()
    tracemalloc.start()
    read_all(files)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * len(files["OBJECTS.DATA"])


def test_references_that_overlap_do_not_multiply() -> None:
    """Thousands of properties that all refer to one long text cost no more than the text."""
    forge = small()
    columns = [Column(f"P{number}", STRING) for number in range(2000)]
    table = forge.define("root\\cimv2", "Vendor_Many", columns)
    values: dict[str, object] = {"P0": "x" * 60_000}
    record = bytearray(forge.add("root\\cimv2", "Vendor_Many", values, live=False))
    at = bytes(forge.objects).rfind(bytes(record[:2000]))
    start = at + 128 + 16 + 4 + 5
    states = (len(table.columns) + 3) // 4
    forge.objects[start : start + states] = bytes(states)
    reference = struct.unpack_from("<I", forge.objects, start + states)[0]
    for number in range(2000):
        struct.pack_into("<I", forge.objects, start + states + 4 * number, reference + number)
    begun = time.process_time()
    repository = read_all(forge.files())
    assert repository is not None
    spent = time.process_time() - begun
    begun = time.process_time()
    read_all(small().files())
    assert spent < 100 * max(time.process_time() - begun, 0.01)


def test_a_class_of_thousands_of_values_fits_into_the_snapshot(tmp_path: Path) -> None:
    forge = small()
    text = "".join(random.Random(2).choices("0123456789abcdef", k=700))
    columns = [Column(f"P{number}", STRING, f"{text}{number}") for number in range(1500)]
    forge.define("root\\cimv2", "Win32_Many", columns)
    report = judged(tmp_path, forge.files())
    found = [s for s in report.subjects if dict(s.facts).get("class") == "Win32_Many"]
    assert found
    assert [gap.detail for gap in report.gaps if "brief look" in gap.detail]


@pytest.mark.parametrize("name", NAMES)
def test_the_collector_names_what_is_missing(tmp_path: Path, name: str) -> None:
    files = dict(SAMPLES[True])
    files[name] = files[name][:10]
    report = judged(tmp_path, files)
    assert report.gaps
    assert all(gap.detail for gap in report.gaps)
    assert any("REPOSITORY" in gap.location.path.upper() for gap in report.gaps)


def test_a_repository_that_is_a_pipe_or_a_loop_is_not_opened(tmp_path: Path) -> None:
    box = write(tmp_path / "box", {"INDEX.BTR": b"x"})
    os.mkfifo(box / "Windows/System32/wbem/Repository/OBJECTS.DATA")
    (box / "Repository").symlink_to("/Repository")
    snapshot = collected(box)
    assert snapshot.artifacts == ()
    assert [gap for gap in snapshot.gaps if "regular" in gap.detail]


def test_hostile_text_reaches_the_report_whole(tmp_path: Path) -> None:
    forge = small()
    values = {"CommandLineTemplate": "cmd /c \x1b[2J\u202e exe", "WorkingDirectory": "\U0001f600"}
    subscribe(forge, "CommandLineEventConsumer", values)
    report = judged(tmp_path, forge.files())
    assert "\x1b[2J" in str(dict(report.subjects[0].facts)["runs"])
