"""Transaction logs: what Windows itself made of them, and what they must not do."""

from __future__ import annotations

import struct
from collections import Counter
from pathlib import Path

import pytest

from tests.regf.builder import (
    Key,
    Value,
    build,
    checked,
    log_entry,
    log_file,
    old_transaction,
    transaction,
)
from tests.regf.reading import WAYS, live, way
from triage.parsers.regf import Hive, open_hive

PAD = 16 * 4096
BEFORE = build(
    Key("ROOT", keys=[
        Key("Kept", values=[Value("same", 1, b"s" * 80), Value("changed", 3, b"old" * 30)]),
        Key("Removed", values=[Value("gone", 3, b"gone" * 20)]),
    ]),
    pad=PAD,
)  # fmt: skip
AFTER = build(
    Key("ROOT", keys=[
        Key("Kept", values=[Value("same", 1, b"s" * 80), Value("changed", 3, b"new" * 30)]),
        Key("Added", values=[Value("payload", 3, b"MZ" + bytes(5000))]),
    ]),
    pad=PAD,
)  # fmt: skip


def states(hive: Hive) -> dict[str, set[str]]:
    """Names of keys and values by state, of the tree and beside it."""
    found: dict[str, set[str]] = {}
    for key, values in hive.walk():
        for item in (key, *values):
            found.setdefault(item.state, set()).add(item.name)
    for item in hive.deleted():
        found.setdefault(item.state, set()).add(item.name)
    return found


@pytest.mark.parametrize("make", [transaction, old_transaction])
def test_what_a_replay_changed(make) -> None:  # type: ignore[no-untyped-def]
    dirty, log = make(BEFORE, AFTER)
    hive = open_hive(dirty, [log])
    assert (hive.dirty, hive.replayed) == (True, 1)
    assert live(hive) == live(open_hive(AFTER))
    found = states(hive)
    assert found["replayed"] == {"Added", "payload", "changed"}
    assert found["allocated"] == {"ROOT", "Kept", "same"}
    assert found["unreplayed"] == {"Removed", "gone", "changed"}
    assert {v.state for v in hive.sift() if v.name == "payload"} == {"replayed"}


@pytest.mark.parametrize("make", [transaction, old_transaction])
def test_evidence_is_not_touched(make) -> None:  # type: ignore[no-untyped-def]
    dirty, log = make(BEFORE, AFTER)
    copies = (bytes(dirty), bytes(log))
    list(open_hive(memoryview(dirty), [log]).walk())
    assert (dirty, log) == copies


def test_a_clean_hive_is_not_replayed() -> None:
    _, log = transaction(BEFORE, AFTER)
    hive = open_hive(BEFORE, [log])
    assert (hive.dirty, hive.replayed, live(hive)) == (False, 0, live(open_hive(BEFORE)))


def chain() -> tuple[bytes, list[bytes], list[bytes]]:
    """A dirty hive, three log entries one behind the other, and the hive after each."""
    hives = [
        build(Key("ROOT", values=[Value("n", 3, bytes([n]) * 100)]), pad=PAD) for n in range(4)
    ]
    entries = [log_entry(hives[n], hives[n + 1], 7 + n) for n in range(3)]
    return checked(hives[0], sequence=(7, 6)), entries, hives[1:]


def test_logs_in_either_order() -> None:
    dirty, entries, after = chain()
    first, second = log_file(after[0], entries[:1], sequence=7), log_file(after[2], entries[1:])
    for logs in ([first, second], [second, first]):
        hive = open_hive(dirty, logs)
        assert hive.replayed == 3
        assert live(hive) == live(open_hive(after[2]))


def test_a_gap_ends_the_replay() -> None:
    dirty, entries, after = chain()
    hive = open_hive(dirty, [log_file(after[0], entries[:1]), log_file(after[2], entries[2:])])
    assert hive.replayed == 1
    assert live(hive) == live(open_hive(after[0]))


@pytest.mark.parametrize("at", [2, 30, 60, 600])
def test_a_damaged_entry_ends_the_replay(at: int) -> None:
    """In its head, in its table of pages, in a page: nothing of it is used."""
    dirty, entries, after = chain()
    entries[1] = entries[1][:at] + bytes([entries[1][at] ^ 1]) + entries[1][at + 1 :]
    hive = open_hive(dirty, [log_file(after[2], entries)])
    assert hive.replayed == 1
    assert live(hive) == live(open_hive(after[0]))


def test_old_entries_are_passed_over() -> None:
    dirty, entries, after = chain()
    stale = log_entry(after[1], after[0], 6 - 3)
    hive = open_hive(dirty, [log_file(after[0], [stale]), log_file(after[2], entries)])
    assert hive.replayed == 3


def test_logs_that_windows_would_not_use() -> None:
    dirty, log = transaction(BEFORE, AFTER)
    bad = bytearray(log)
    bad[100] ^= 1
    hive = open_hive(dirty, [bytes(bad), b"", b"regf", log[:600]])
    assert hive.replayed == 0
    assert any("damaged base block" in a.text for a in hive.anomalies)
    old_dirty, old = old_transaction(BEFORE, AFTER)
    other = bytearray(old)
    struct.pack_into("<Q", other, 12, 1)
    for useless in (checked(bytes(other), kind=1), old[:-512], old[:600]):
        hive = open_hive(old_dirty, [useless])
        assert hive.replayed == 0
        assert any("not replayed" in a.text for a in hive.anomalies)


def test_a_torn_base_block_is_repaired() -> None:
    dirty, log = transaction(BEFORE, AFTER)
    torn = bytearray(dirty)
    torn[36:44] = bytes(8)
    hive = open_hive(bytes(torn), [log])
    assert hive.dirty
    assert live(hive) == live(open_hive(AFTER))


def test_a_log_cannot_ask_for_memory() -> None:
    """An entry that puts one page at 2 GB is refused that page."""
    body = struct.pack("<II", 0x7FFE0000, 4096) + b"\xcc" * 4096
    after = bytearray(AFTER)
    struct.pack_into("<I", after, 40, 0x7FFE1000)
    entry = bytearray(log_entry(BEFORE, AFTER, 7))
    from triage.parsers.regf.marvin import marvin32

    body += bytes(-(len(body) + 40) % 512)
    head = struct.pack("<4s5I", b"HvLE", 40 + len(body), 0, 8, 0x7FFE1000, 1)
    head += struct.pack("<Q", marvin32(body))
    entry += head + struct.pack("<Q", marvin32(head)) + body
    hive = open_hive(checked(BEFORE, sequence=(7, 6)), [log_file(AFTER, [bytes(entry)])])
    assert hive.replayed == 2
    assert hive.root.cells.limit < 2 * len(BEFORE)
    assert live(hive) == live(open_hive(AFTER))


REAL = [
    ("SYSTEM_B", ["SYSTEM_B.LOG1", "SYSTEM_B.LOG2"], 24, (33123, 74957), (35595, 78901)),
    ("UsrClass.dat", ["UsrClass.dat.LOG2", "UsrClass.dat.LOG1"], 14, (6205, 12369), (6238, 12531)),
    ("transactions_NTUSER.DAT", ["transactions_ntuser.dat.log1", "transactions_ntuser.dat.log2"],
     23, (2590, 4119), (3105, 4695)),
]  # fmt: skip


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "logs", "applied", "before", "after"), REAL)
def test_real_logs(corpus: Path, name: str, logs: list[str], applied: int,
                   before: tuple[int, int], after: tuple[int, int]) -> None:  # fmt: skip
    folder = corpus / "hives/clean"
    data = (folder / name).read_bytes()
    for read, expected, count in (
        (open_hive(data), before, 0),
        (open_hive(data, [(folder / log).read_bytes() for log in logs]), after, applied),
    ):
        walked = [(key, values) for key, values in read.walk()]
        assert (len(walked), sum(len(values) for _, values in walked)) == expected
        assert (read.replayed, read.anomalies) == (count, ())


@pytest.mark.corpus
@pytest.mark.parametrize("one", WAYS)
def test_states_add_up(corpus: Path, one: str) -> None:
    """What is there before, less what was removed, more what came, is what is there after."""
    folder = corpus / "hives/clean"
    logs = [(folder / f"UsrClass.dat.LOG{n}").read_bytes() for n in (1, 2)]
    with way(one):
        hive = open_hive((folder / "UsrClass.dat").read_bytes(), logs)
        found = Counter(v.state for _, values in hive.walk() for v in values)
        removed = sum(1 for v in hive.deleted() if v.state == "unreplayed" and hasattr(v, "data"))
    assert found["allocated"] + removed == 12369
    assert found["allocated"] + found["replayed"] == 12531


@pytest.mark.corpus
def test_the_same_as_windows_made(corpus: Path) -> None:
    """Hives that Windows 10 and Windows 7 recovered, byte for byte.

    Windows 7 went on to change a bin's time stamp and a key's record of its longest value name.
    """
    folder = corpus / "hives/defects/hives_for_tests"
    for name, file, made in (
        ("NewDirtyHive1", "NewDirtyHive", "RecoveredHive_Windows10"),
        ("OldDirtyHive", "OldDirtyHive", "RecoveredHive_Windows7"),
    ):
        logs = [p.read_bytes() for p in sorted((folder / name).glob(f"{file}.LOG?"))]
        hive = open_hive((folder / name / file).read_bytes(), logs)
        expected = (folder / name / made).read_bytes()[4096:]
        image = hive.root.cells.bytes_at(0, len(expected))
        other = {at for at, (x, y) in enumerate(zip(image, expected, strict=True)) if x != y}
        assert other <= {*range(20, 28), 437704}
