"""Journal files: real ones against journalctl, forged ones of every form, and damage without end."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.linux_image.forge_journal import LZ4, XZ, ZSTD, Writer
from triage.parsers import Malformed
from triage.parsers.journal import Entry, Journal, NoZstd, parse_header


def opened(data: bytes) -> Journal:
    return Journal(lambda at, size: data[at : at + size], len(data))


@pytest.fixture(scope="session")
def journals(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The real journals of the corpus, the zipped ones unpacked beside the tests."""
    folder = tmp_path_factory.mktemp("journals")
    with zipfile.ZipFile(corpus / "linux" / "velociraptor-system.journal.zip") as packed:
        packed.extractall(folder)
    return sorted([*(corpus / "linux" / "journal").glob("*.journal"), *folder.glob("*.journal")])


def theirs(path: Path) -> list[dict[str, object]]:
    done = subprocess.run(
        ["journalctl", "--file", str(path), "-o", "json", "--all"], capture_output=True, timeout=60
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def values(value: object) -> list[bytes]:
    """A field as journalctl's JSON writes it: text, bytes as numbers, or a list of either."""
    if isinstance(value, str):
        return [value.encode()]
    assert isinstance(value, list)
    if value and isinstance(value[0], int):
        return [bytes(value)]
    return [one for item in value for one in values(item)]


def test_entries_are_those_of_journalctl(journals: list[Path]) -> None:
    if shutil.which("journalctl") is None:
        pytest.skip("journalctl is not installed (Debian package systemd)")
    pytest.importorskip("zstandard")
    compared = 0
    for path in journals:
        ours = opened(path.read_bytes())
        entries = {entry.seqnum: entry for entry in ours.entries()}
        for row in theirs(path):
            number = int(str(row["__CURSOR"]).split(";")[1].removeprefix("i="), 16)
            entry = entries[number]
            assert int(str(row["__REALTIME_TIMESTAMP"])) == entry.realtime
            fields = ours.fields_of(entry, 1 << 24)
            for name, value in row.items():
                if not name.startswith("__") and name != "_BOOT_ID" and value is not None:
                    assert sorted(fields[name]) == sorted(values(value)), (path.name, number, name)
            compared += 1
    assert compared >= 410, "the corpus has hundreds of entries that journalctl can read"


def test_real_journals_are_read_also_where_journalctl_gives_up(journals: list[Path]) -> None:
    """One of them has an entry array that leads to itself, two are cut short."""
    pytest.importorskip("zstandard")
    counts = {}
    for path in journals:
        journal = opened(path.read_bytes())
        read = [journal.fields_of(entry) for entry in journal.entries()]
        counts[path.name] = sum("MESSAGE" in fields or "_TRANSPORT" in fields for fields in read)
    assert counts["bad_recursive.journal"] == 410
    assert counts["compact.journal"] > 300
    assert all(count > 0 for count in counts.values())


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("how", [0, XZ, LZ4, ZSTD])
def test_every_form_reads_the_same(compact: bool, how: int) -> None:
    if how == ZSTD:
        pytest.importorskip("zstandard")
    writer = Writer(compact=compact)
    wanted = [
        {"MESSAGE": f"{n} " * 200, "N": str(n % 3), "BLOB": bytes(range(256))} for n in range(40)
    ]
    for fields in wanted:
        writer.add(dict(fields), how=how)
    journal = opened(writer.file())
    assert journal.header.compact is compact
    for entry, fields in zip(journal.entries(), wanted, strict=True):
        expected = {k: [v if isinstance(v, bytes) else v.encode()] for k, v in fields.items()}
        assert journal.fields_of(entry) == expected
    assert (journal.damage, journal.unreadable) == (0, 0)


def test_a_value_leads_to_all_its_entries() -> None:
    writer = Writer()
    for n in range(300):
        writer.add({"MESSAGE": str(n), "_EXE": "/dev/shm/x" if n % 3 == 0 else "/usr/bin/y"})
    journal = opened(writer.file())
    found = {
        payload: offset for offset, _, payload in journal.values(frozenset({b"_EXE="}), 1 << 20)
    }
    entries, count = journal.entries_of(found[b"_EXE=/dev/shm/x"], 1000)
    assert count == len(entries) == 100
    assert {e.seqnum % 3 for e in entries} == {1}
    some, count = journal.entries_of(found[b"_EXE=/dev/shm/x"], 5)
    assert (len(some), count) == (5, 100)


def test_windows_do_not_change_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects that lie across the end of a piece, and one larger than a piece."""
    writer = Writer()
    for n in range(500):
        writer.add({"MESSAGE": "m" * (n * 37 % 900), "N": str(n)})
    writer.add({"MESSAGE": "L" * 70_000, "N": "last"})
    data = writer.file()
    whole = [e.seqnum for e in opened(data).entries()]
    for size in (4096, 10_000, 65_536):
        monkeypatch.setattr("triage.parsers.journal.WINDOW", size)
        assert [e.seqnum for e in opened(data).entries()] == whole == list(range(1, 502))


@pytest.mark.parametrize(
    "data", [b"", b"LPKSHHRH", b"LPKSHHRH" + b"\xff" * 300, b"\0" * 400, b"x" * 272]
)
def test_what_is_no_journal_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_header(data)


def everything(data: bytes) -> Iterator[Entry]:
    """Every way of reading one file; only Malformed may come out of the beginning."""
    try:
        journal = opened(data)
    except Malformed:
        return
    for entry in journal.entries():
        journal.fields_of(entry, 1 << 12)
        yield entry
    for offset, flags, payload in journal.values(frozenset({b"MESSA"}), 4096):
        try:
            journal.value(flags, payload, 1 << 16)
            journal.entries_of(offset, 8)
        except (Malformed, NoZstd):
            continue


@pytest.mark.parametrize("seed", range(12))
def test_damage_of_any_kind_ends_soon_and_raises_nothing(seed: int) -> None:
    rng = random.Random(seed)
    writer = Writer(compact=seed % 2 == 0)
    for n in range(60):
        writer.add({"MESSAGE": f"{n} " * 90, "_EXE": "/usr/bin/x"}, how=(0, XZ, LZ4)[seed % 3])
    good = writer.file()
    for _ in range(12):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 60)):
            at = rng.randrange(len(data))
            data[at : at + rng.choice((1, 8, 64))] = rng.choice((b"\xff", b"\0" * 8, b"\x01" * 8))
        cut = data[: rng.randrange(1, len(data))] if rng.random() < 0.3 else data
        assert len(list(everything(bytes(cut)))) <= 5000


def test_an_array_that_leads_to_itself_ends() -> None:
    writer = Writer()
    for n in range(10):
        writer.add({"MESSAGE": str(n), "_EXE": "/usr/bin/x"})
    data = bytearray(writer.file())
    journal = opened(bytes(data))
    array = journal.header.entry_array
    data[array + 16 : array + 24] = array.to_bytes(8, "little")
    assert len(opened(bytes(data)).array(array, 100)) == 10


def test_a_value_cannot_unpack_to_more_than_allowed() -> None:
    writer = Writer()
    writer.add({"MESSAGE": "a" * (4 << 20)}, how=XZ)
    journal = opened(writer.file())
    entry = next(journal.entries())
    assert len(journal.fields_of(entry, 1000).get("MESSAGE", [b""])[0]) <= 1000
