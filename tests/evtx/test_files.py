"""Whole files: found in a tree, read in child processes, damaged, hostile, or without a reader."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.evtx.measured import LEAST, ONLY, SCOPE, page, raised, report_of
from triage.collect import collect
from triage.collectors import event_logs
from triage.events import one_log, workers
from triage.events.places import Found, logs
from triage.evidence import Root
from triage.model import Gap, Location, Severity, Snapshot, Why
from triage.model.windows import EventLog, EventRecord
from triage.scope import Limits
from triage.snapshot import dumps, loads

corpus_test = pytest.mark.corpus


def collected(box: Path) -> Snapshot:
    with Root(str(box)) as root:
        return collect(root, kind="image", collectors=ONLY, debug=True)


def gaps(snapshot: Snapshot) -> list[tuple[str, Why]]:
    return [(gap.location.path, gap.why) for gap in snapshot.gaps]


# --- finding -------------------------------------------------------------------------------

HEADER = b"ElfFile\0" + bytes(4088)


def put(box: Path, name: str, data: bytes = HEADER) -> None:
    path = box / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def paths(box: Path) -> list[str]:
    with Root(str(box)) as root:
        return [step.path for step in logs(root) if isinstance(step, Found)]


def test_logs_are_found_in_any_folder_and_letter_case(tmp_path: Path) -> None:
    (tmp_path / "Windows/System32").mkdir(parents=True)
    put(tmp_path, "WINDOWS/system32/WinEvt/logs/SYSTEM.EVTX")
    put(tmp_path, "Windows/System32/winevt/Logs/Archive-Security-2024.evtx")
    put(tmp_path, "Users/u/Desktop/copy.evtx")
    assert paths(tmp_path) == [
        "/Users/u/Desktop/copy.evtx",
        "/WINDOWS/system32/WinEvt/logs/SYSTEM.EVTX",
        "/Windows/System32/winevt/Logs/Archive-Security-2024.evtx",
    ]


def test_a_folder_of_collected_files_is_searched_by_content(tmp_path: Path) -> None:
    put(tmp_path, "evidence/0001.bin")
    put(tmp_path, "evidence/0002.bin", b"something else")
    assert paths(tmp_path) == ["/evidence/0001.bin"]


def test_what_only_has_the_name_and_what_is_old_are_gaps(tmp_path: Path) -> None:
    put(tmp_path, "a.evtx", b"no log at all")
    put(tmp_path, "SysEvent.Evt", b"\x30\0\0\0LfLe" + bytes(40))
    put(tmp_path, "empty.evtx", b"")
    assert gaps(collected(tmp_path)) == [
        ("/SysEvent.Evt", Why.REFUSED),
        ("/a.evtx", Why.MALFORMED),
    ]


def test_a_link_out_of_the_image_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "outside/real.evtx")
    box = tmp_path / "box"
    box.mkdir()
    (box / "link.evtx").symlink_to(tmp_path / "outside/real.evtx")
    os.mkfifo(box / "pipe.evtx")
    assert paths(box) == []


def test_a_linux_system_is_not_searched(tmp_path: Path) -> None:
    put(tmp_path, "etc/x")
    put(tmp_path, "usr/x")
    put(tmp_path, "home/u/a.evtx")
    snapshot = collected(tmp_path)
    assert [c.detail for c in snapshot.coverage] == ["no event logs"]


def test_without_the_reader_every_log_is_a_gap_that_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.evtx")
    monkeypatch.setattr(event_logs, "find_spec", lambda _: None)
    snapshot = collected(tmp_path)
    assert [(g.why, "pip install" in g.detail) for g in snapshot.gaps] == [(Why.REFUSED, True)]


def test_a_file_that_is_only_a_header(tmp_path: Path) -> None:
    put(tmp_path, "a.evtx")
    (only,) = collected(tmp_path).artifacts
    assert isinstance(only, EventLog)
    assert only.records == 0


# --- children ------------------------------------------------------------------------------


def judge(box: Path, **more: Any) -> list[object]:
    with Root(str(box)) as root:
        files = [step for step in logs(root) if isinstance(step, Found)]
        return list(workers.judge(root, files, Limits(), **more))


def three(box: Path) -> Path:
    for name in ("a.evtx", "b.evtx", "c.evtx"):
        put(box, name)
    return box


def misbehaving(monkeypatch: pytest.MonkeyPatch, deed: object) -> None:
    """``deed`` happens in the child that is at b.evtx."""
    real = one_log.read_log

    def read(location: Location, *rest: object) -> Iterator[object]:
        if location.path == "/b.evtx":
            deed()  # type: ignore[operator]
        return real(location, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(one_log, "read_log", read)


def crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    raise RuntimeError("of our own")


def eat() -> None:
    kept = []
    while True:
        kept.append(bytearray(64 << 20))


@pytest.mark.parametrize(
    ("deed", "why"), [(crash, Why.MALFORMED), (fail, Why.BUG), (eat, Why.REFUSED)]
)
def test_one_bad_file_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: object, why: Why
) -> None:
    monkeypatch.setattr(workers, "MEMORY", 512 << 20)
    misbehaving(monkeypatch, deed)
    found = judge(three(tmp_path), workers=1)
    assert [type(item).__name__ for item in found] == ["EventLog", "Gap", "EventLog"]
    gap = found[1]
    assert isinstance(gap, Gap)
    assert (gap.location.path, gap.why) == ("/b.evtx", why)


def test_a_child_that_says_nothing_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "SILENCE", 0.2)
    misbehaving(monkeypatch, lambda: time.sleep(3600))
    found = judge(three(tmp_path), workers=1)
    assert [getattr(item, "why", None) for item in found] == [None, Why.TIMEOUT, None]


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_no_child_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = children()  # of tests that ran before in this process
    steps = iter(judge(three(tmp_path), workers=2))
    next(steps)
    assert children() <= others


# --- real files ----------------------------------------------------------------------------


@corpus_test
def test_every_log_that_breaks_parsers_is_read_or_named(corpus: Path) -> None:
    folder = corpus / "evtx" / "parser"
    snapshot = collected(folder)
    told = {a.location.path for a in snapshot.artifacts if isinstance(a, EventLog)}
    told |= {gap.location.path for gap in snapshot.gaps}
    files = {"/" + str(path.relative_to(folder)) for path in folder.rglob("*.evtx")}
    assert len(files) == 23
    assert files <= told
    assert [gap for gap in snapshot.gaps if gap.why is Why.BUG] == []
    assert loads(dumps(snapshot)).artifacts == snapshot.artifacts


@corpus_test
def test_records_behind_damage_are_recovered(corpus: Path) -> None:
    found = {
        Path(a.location.path).name: (a.records, a.recovered)
        for a in collected(corpus / "evtx" / "parser").artifacts
        if isinstance(a, EventLog)
    }
    assert found["sample-with-zero-data-size-event.evtx"] == (448, 113)
    assert found["sample_with_a_bad_chunk_magic.evtx"] == (300, 30)
    assert found["system.evtx"][1] == 0


@corpus_test
def test_nothing_is_high_on_logs_without_an_attack(corpus: Path) -> None:
    report = report_of(corpus / "evtx" / "parser")
    assert [
        s.title for s in report.subjects if s.severity in (Severity.HIGH, Severity.CRITICAL)
    ] == []


@corpus_test
def test_recorded_attacks_are_raised_and_the_page_is_current(corpus: Path) -> None:
    folder = corpus / "evtx" / "attack"
    report = report_of(folder)
    found = raised(report)
    assert set(SCOPE) <= {str(p.relative_to(folder))[:-5] for p in folder.rglob("*.evtx")}
    hits = [log for log in SCOPE if found.get(log, ("", ()))[1]]
    assert len(hits) >= LEAST * len(SCOPE)
    made = page(report, sum(1 for _ in folder.rglob("*.evtx")))
    current = Path(__file__).parents[2] / "docs" / "event-logs-measured.md"
    assert made == current.read_text()


@corpus_test
def test_the_number_of_children_changes_nothing(corpus: Path) -> None:
    folder = corpus / "evtx" / "attack" / "Execution"
    assert judge(folder, workers=1) == judge(folder, workers=3)


MUTANTS = 300


@corpus_test
def test_mutants_give_events_or_gaps(corpus: Path, tmp_path: Path) -> None:
    """Bytes turned, blocks moved, ends cut off: records, a state or a gap for each, no error."""
    rng = random.Random(4104)
    sources = sorted(p for p in (corpus / "evtx").rglob("*.evtx") if p.stat().st_size < 80_000)
    for number in range(MUTANTS):
        data = bytearray(rng.choice(sources).read_bytes())
        _damage(data, rng)
        (tmp_path / f"{number:04d}.evtx").write_bytes(b"ElfFile\0" + data[8:])
    found = judge(tmp_path)
    told = {item.location.path for item in found if isinstance(item, EventLog | Gap)}
    assert len(told) == MUTANTS
    assert [i for i in found if isinstance(i, Gap) and i.why in (Why.BUG, Why.TIMEOUT)] == []
    assert sum(isinstance(item, EventRecord) for item in found) > MUTANTS // 4
    shutil.rmtree(tmp_path)


def _damage(data: bytearray, rng: random.Random) -> None:
    kind = rng.randrange(5)
    for _ in range(rng.choice((1, 3, 20, 200))):
        at = rng.randrange(16, len(data))
        if kind == 0:
            data[at] = rng.randrange(256)
        elif kind == 1:
            data[at : at + 4] = rng.choice((b"\xff" * 4, bytes(4), b"\x00\x00\x01\x00"))
        elif kind == 2:
            other = rng.randrange(16, len(data))
            data[at : at + 64] = data[other : other + 64]
        elif kind == 3 and len(data) > 8192:
            del data[at : at + rng.randrange(1, 512)]
        else:
            data[at] ^= 1 << rng.randrange(8)
