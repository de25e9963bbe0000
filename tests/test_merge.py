"""Several snapshots of one case become one, or it is refused with the reason."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import gap, memory_file, memory_inode, mounts, process, snapshot
from tests.test_cli import told, triage
from triage.analyze import analyze
from triage.comparing.merging import Source, Unmergeable, merge
from triage.model import Artifact, Coverage, Host, Process, Snapshot, Why
from triage.provenance import collectors
from triage.snapshot import dumps, loads

BOOT = "5f0c6d2e-8d0e-4e0a-9a3c-d1a1c2b3e4f5"


def source(name: str, *artifacts: Artifact, **more: Any) -> Source:
    host = more.pop("host", Host(hostname="box", boot_id=BOOT))
    made = snapshot(*artifacts, host=host, **more)
    return Source(name, hashlib.sha256(name.encode() + dumps(made)).hexdigest(), made)


def pids(found: Snapshot) -> list[int]:
    return sorted(each.pid for each in found.artifacts if isinstance(each, Process))


def test_parts_of_one_case_become_one() -> None:
    live = source("live", *mounts(), process(7), gaps=(gap("/proc/1", Why.DENIED),))
    image = source("image", memory_file("/dev/shm/x"), root_kind="image", root_path="/mnt",
                   started_at="2026-01-03T00:00:00Z", finished_at="2026-01-03T00:01:00Z",
                   host=Host(hostname="box", os="Debian 12"))  # fmt: skip
    found = merge([live, image])
    assert len(found.artifacts) == len(live.snapshot.artifacts) + 1
    assert (found.root_kind, found.root_path) == ("live", "/")
    assert (found.started_at, found.finished_at) == ("2026-01-02T00:00:00Z", "2026-01-03T00:01:00Z")
    assert (found.host.boot_id, found.host.os) == (BOOT, "Debian 12")
    assert found.gaps == live.snapshot.gaps
    assert {entry.detail for entry in found.coverage} == {"live", "image"}
    notes = " ".join(found.host.notes)
    assert live.sha256 in notes
    assert image.sha256 in notes
    assert loads(dumps(found)) == found


def test_a_snapshot_that_names_no_box_is_told(tmp_path: Path) -> None:
    for name, host in (("box", "box"), ("nameless", None)):
        made = snapshot(memory_file(f"/dev/shm/{name}"), host=Host(hostname=host))
        (tmp_path / name).write_bytes(dumps(made))
    done = triage("merge", tmp_path / "box", tmp_path / "nameless", "-o", tmp_path / "case", "-q")
    assert done.returncode == 0
    said = "triage: nameless does not name its box: make sure that it is of this case"
    assert told(done).splitlines() == [said]


def test_the_order_of_the_sources_does_not_matter() -> None:
    one = source("one", process(7), memory_file("/dev/shm/x"))
    two = source("two", process(7, comm="later"), finished_at="2026-01-02T00:05:00Z")
    assert dumps(merge([one, two])) == dumps(merge([two, one]))


def test_the_latest_word_counts_and_nothing_is_told_twice() -> None:
    early = source("early", process(7, comm="before"), memory_file("/dev/shm/x"))
    late = source("late", process(7, comm="after"), memory_file("/dev/shm/x"),
                  finished_at="2026-01-02T01:00:00Z")  # fmt: skip
    found = merge([early, late])
    assert len(found.artifacts) == 2
    assert [each.comm for each in found.artifacts if isinstance(each, Process)] == ["after"]
    assert found.gaps == ()


@pytest.mark.parametrize("alive_first", [True, False])
def test_of_a_process_that_ended_the_living_record_counts(alive_first: bool) -> None:
    """A zombie tells nothing of what it ran: it must not cover the implant that it was."""
    times = ["2026-01-02T00:01:00Z", "2026-01-02T01:00:00Z"]
    alive = source("alive", process(6), process(7, exe="/dev/shm/a"), process(8),
                   finished_at=times[not alive_first])  # fmt: skip
    dead = source("dead", process(7, exe=None, state="Z", cmdline=None), process(9),
                  finished_at=times[alive_first])  # fmt: skip
    found = merge([alive, dead])
    assert pids(found) == [6, 7, 8, 9]
    assert {
        each.exe for each in found.artifacts if isinstance(each, Process) and each.pid == 7
    } == {"/dev/shm/a"}
    assert found.gaps == ()
    # Another process that ended under the same number is another process.
    other = source("other", process(7, exe=None, state="Z", start_ticks=77),
                   finished_at="2026-01-02T02:00:00Z")  # fmt: skip
    assert len(merge([alive, other]).gaps) == 1


def test_what_was_merged_still_tells_its_collector() -> None:
    def looked(*counts: tuple[str, int]) -> tuple[Coverage, ...]:
        return tuple(Coverage(name, True, 9, count) for name, count in counts)

    counts = ("processes", 2), ("mounts", 0), ("memory-files", 1)
    early = source("early", process(7, exe="/dev/shm/a"), process(8), memory_file("/dev/shm/x"),
                   coverage=looked(*counts))  # fmt: skip
    late = source("late", process(7, exe="/dev/shm/a"), memory_file("/dev/shm/y"),
                  coverage=looked(("processes", 1), ("held-files", 1)),
                  finished_at="2026-01-02T01:00:00Z")  # fmt: skip
    found = merge([early, late])
    kept = [(entry.collector, entry.artifacts, entry.detail) for entry in found.coverage]
    assert kept == [
        ("processes", 1, "late"),
        ("held-files", 1, "late"),
        ("processes", 1, "early"),
        ("mounts", 0, "early"),
        ("memory-files", 1, "early"),
    ]
    tell = collectors(found)
    assert {each.location.path: tell(place) for place, each in enumerate(found.artifacts)} == {
        "/proc/7": "processes",
        "/proc/8": "processes",
        "/dev/shm/x": "memory-files",
        "/dev/shm/y": "held-files",
    }
    judged = {each.location.path: each.collector for each in analyze(found).subjects}
    assert judged == {
        "/proc/7": "processes",
        "/dev/shm/x": "memory-files",
        "/dev/shm/y": "held-files",
    }
    without = dataclasses.replace(found, coverage=found.coverage[:-1])
    assert {each.collector for each in analyze(without).subjects} == {None}


def test_a_pid_that_was_used_again_is_a_gap() -> None:
    early = source("early", process(7, exe="/dev/shm/implant", start_ticks=5))
    late = source("late", process(7, start_ticks=99), finished_at="2026-01-02T01:00:00Z")
    found = merge([early, late])
    assert pids(found) == [7]
    [left_out] = found.gaps
    assert left_out.location.path == "/proc/7"
    assert "early has another process" in left_out.detail


def test_two_records_of_one_source_both_stay() -> None:
    twice = source("twice", process(7, exe="/dev/shm/x"), process(7))
    assert pids(merge([twice, source("other", process(8))])) == [7, 7, 8]


def test_an_inode_that_is_elsewhere_is_another_file() -> None:
    one = source("one", memory_file("/dev/shm/x", file=memory_inode(inode=1)))
    two = source("two", memory_file("/dev/shm/x", file=memory_inode(inode=2)))
    assert len(merge([one, two]).artifacts) == 2


@pytest.mark.parametrize(
    ("other", "word"),
    [
        (source("b", host=Host(hostname="other", boot_id=BOOT)), "hostname"),
        (source("b", host=Host(hostname="box", boot_id="another")), "boot_id"),
        (source("b", host=Host(hostname="box", machine="aarch64")), "machine"),
        (source("b", complete=False), "cut short"),
    ],
    ids=["host", "boot", "machine", "truncated"],
)
def test_what_is_not_of_one_case_is_refused(other: Source, word: str) -> None:
    first = source("a", host=Host(hostname="box", boot_id=BOOT, machine="x86_64"))
    for sources in ([first, other], [other, first]):
        with pytest.raises(Unmergeable, match=word):
            merge(sources)


def test_one_snapshot_and_the_same_twice_are_refused() -> None:
    one = source("a", process(7))
    for sources in ([one], [one, dataclasses.replace(one, name="copy")]):
        with pytest.raises(Unmergeable):
            merge(sources)


def test_what_one_does_not_know_is_no_contradiction() -> None:
    unknown = source("b", host=Host(), root_kind="image")
    assert merge([source("a"), unknown]).host.hostname == "box"


# --- the command ----------------------------------------------------------------------------


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """Two snapshots of one box, one of them compressed."""
    made = []
    for name, pid in (("a.jsonl", 7), ("b.jsonl.gz", 8)):
        path = tmp_path / name
        data = dumps(source(name, *mounts(), process(pid, exe="/dev/shm/x")).snapshot)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        made.append(path)
    return made


def test_merge_keeps_the_digest_of_each_file(parts: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "case.jsonl.gz"
    done = triage("merge", *parts, "-o", out)
    assert done.returncode == 0, told(done)
    for path in parts:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in told(done)
        assert any(
            hashlib.sha256(path.read_bytes()).hexdigest() in note
            for note in loads(out.read_bytes()).host.notes
        )
    assert triage("verify", out).returncode == 0
    report = json.loads(triage("analyze", out, "-o", "json=-").stdout)
    assert {each["id"] for each in report["subjects"]} == {"process-7", "process-8"}
    again = tmp_path / "again.jsonl.gz"
    assert triage("merge", *reversed(parts), "-o", again, "-q").stderr == b""
    assert again.read_bytes() == out.read_bytes()


def test_merge_exit_codes(parts: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert triage("merge", "-o", out).returncode == 2
    assert triage("merge", parts[0], "-o", out).returncode == 2
    assert triage("merge", *parts).returncode == 2
    altered = tmp_path / "altered"
    altered.write_text(parts[0].read_text().replace("/dev/shm/x", "/dev/shm/y"))
    assert triage("merge", parts[0], altered, "-o", out).returncode == 4
    cut = tmp_path / "cut"
    cut.write_bytes(parts[0].read_bytes()[:-80])
    done = triage("merge", parts[1], cut, "-o", out)
    assert done.returncode == 2
    assert "cut short" in told(done)
    assert not out.exists()
    out.write_text("precious")
    assert triage("merge", *parts, "-o", out).returncode == 2
    assert out.read_text() == "precious"
    assert triage("merge", *parts, "-o", out, "--force").returncode == 0


def test_merge_refuses_other_boxes_and_says_what_to_do(parts: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_bytes(dumps(source("o", process(9), host=Host(hostname="x\x1b[2J")).snapshot))
    done = triage("merge", parts[0], other, "-o", tmp_path / "out")
    assert done.returncode == 2
    assert "hostname" in told(done)
    assert "triage diff" in told(done)
    assert "\x1b" not in told(done)


def test_coverage_of_every_source_is_kept() -> None:
    one = source("one", coverage=(Coverage("processes", True, 3, 3, 0, 0.1, "2 mounts"),))
    two = source("two", coverage=(Coverage("registry", False, detail="no hives"),))
    found = {(each.collector, each.detail) for each in merge([one, two]).coverage}
    assert found == {("processes", "one: 2 mounts"), ("registry", "two: no hives")}
