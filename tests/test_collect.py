"""Ring 3: one bad record, one bad collector, one vanishing process never hides the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import memory_file, process
from triage.collect import collect, has_kernel
from triage.collectors import COLLECTORS, processes
from triage.evidence import Root
from triage.model import Artifact, Gap, Location, MemoryFile, Process, Snapshot, Why
from triage.parsers.procfs import parse_stat
from triage.proc.directory import ProcessDir
from triage.scope import Budget, Limits, NotHere, Scope
from triage.snapshot import dumps, loads, settled

Steps = Generator["Artifact | Gap", None, int]


def run(*collectors: Any, **more: Any) -> Snapshot:
    named = tuple((f"c{number}", one) for number, one in enumerate(collectors))
    with Root("/") as root:
        return collect(root, kind="live", collectors=named, clock=lambda: "t", **more)


def good(scope: Scope) -> Steps:
    yield process(1)
    yield Gap(Location("/x"), Why.DENIED)
    return 5


def bad(scope: Scope) -> Steps:
    yield process(2)
    raise RuntimeError("a defect")


def elsewhere(scope: Scope) -> Steps:
    raise NotHere("nothing of this kind")
    yield


# --- isolation ----------------------------------------------------------------------------------


def test_a_collector_that_fails_keeps_what_it_found_and_stops_nobody() -> None:
    seen = run(good, bad, elsewhere, good)
    assert [a.pid for a in seen.artifacts] == [1, 2, 1]  # type: ignore[union-attr]
    assert [gap.why for gap in seen.gaps] == [Why.DENIED, Why.BUG, Why.DENIED]
    assert "RuntimeError: a defect" in seen.gaps[1].detail
    assert [c.applied for c in seen.coverage] == [True, True, False, True]
    assert [(c.examined, c.artifacts, c.gaps) for c in seen.coverage] == [
        (5, 1, 1), (0, 1, 1), (0, 0, 0), (5, 1, 1),
    ]  # fmt: skip
    assert [c.detail for c in seen.coverage] == [
        "",
        "stopped early",
        "nothing of this kind",
        "",
    ]


def test_under_debug_a_defect_is_raised() -> None:
    with pytest.raises(RuntimeError, match="a defect"):
        run(good, bad, debug=True)


def test_a_later_collector_sees_what_earlier_ones_found() -> None:
    def counting(scope: Scope) -> Steps:
        yield memory_file(f"/after/{len(scope.so_far)}")
        return 1

    assert [getattr(a, "name", "") for a in run(good, counting).artifacts] == ["", "/after/1"]


def test_progress_is_told_by_name() -> None:
    def slow(scope: Scope) -> Steps:
        scope.progress(7)
        yield process(3)
        return 1

    told: list[tuple[str, int]] = []
    run(slow, slow, progress=lambda name, done: told.append((name, done)))
    assert told == [("c0", 0), ("c0", 7), ("c1", 0), ("c1", 7)]


def test_the_budget_of_kept_bytes_is_shared_and_bounded() -> None:
    budget = Budget(Limits(keep_total=10))
    assert [budget.take(n) for n in (4, 0, 8, 5, -3)] == [4, 0, 6, 0, 0]


# --- this machine, whatever it holds --------------------------------------------------------------


@pytest.fixture(scope="module")
def live() -> Snapshot:
    with Root("/") as root:
        return collect(root, kind="live", debug=True)


def test_every_collector_says_what_it_did(live: Snapshot) -> None:
    assert [c.collector for c in live.coverage] == [name for name, _ in COLLECTORS]
    assert all(c.detail for c in live.coverage if not c.applied)
    assert sum(c.artifacts for c in live.coverage) == len(live.artifacts)
    assert sum(c.gaps for c in live.coverage) == len(live.gaps)


def test_this_process_is_seen_as_it_is(live: Snapshot) -> None:
    [me] = [a for a in live.artifacts if isinstance(a, Process) and a.pid == os.getpid()]
    assert me.exe == os.readlink("/proc/self/exe")
    assert me.exe_file is not None
    assert me.exe_file.inode == os.stat("/proc/self/exe").st_ino
    assert me.uids is not None
    assert me.uids[1] == os.geteuid()
    assert me.ppid == os.getppid()
    assert me.exe_mapped is True
    assert me.kthread is False
    assert me.namespace("mnt") == os.stat("/proc/self/ns/mnt").st_ino


def test_a_live_snapshot_survives_its_file(live: Snapshot) -> None:
    assert loads(dumps(live)) == live == settled(live)


def test_no_inode_is_told_twice(live: Snapshot) -> None:
    files = [(a.file.dev, a.file.inode) for a in live.artifacts if isinstance(a, MemoryFile)]
    assert len(files) == len(set(files))


def test_the_kernel_is_known_by_its_own_file_system(tmp_path: Path) -> None:
    (tmp_path / "proc" / "1").mkdir(parents=True)
    with Root("/") as box, Root(str(tmp_path)) as folder:
        assert has_kernel(box)
        assert not has_kernel(folder)

    (tmp_path / "empty").mkdir()
    with Root(str(tmp_path / "empty")) as empty:
        assert not has_kernel(empty)


# --- processes that end or change while they are read ---------------------------------------------


@pytest.fixture
def sleeper() -> Generator[subprocess.Popen[bytes], None, None]:
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"],
                             stdin=subprocess.PIPE)  # fmt: skip
    yield child
    child.kill()
    child.communicate()


def only(pid: int, monkeypatch: pytest.MonkeyPatch) -> Snapshot:
    """Look at one process alone."""
    monkeypatch.setattr("triage.proc.directory.ProcessTable.pids", lambda self: [pid])
    with Root("/") as root:
        named = ((processes.NAME, processes.collect),)
        return collect(root, kind="live", collectors=named, debug=True)


Change = Callable[[str, bytes], bytes]


def through(change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pass everything that is read of a process's files through a function."""
    read = ProcessDir.read_piece

    def changed(self: ProcessDir, name: str, *more: Any) -> bytes:
        return change(name, read(self, name, *more))

    monkeypatch.setattr(ProcessDir, "read_piece", changed)


def test_a_process_that_ends_while_it_is_read_is_a_gap(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = []

    def ends(name: str, data: bytes) -> bytes:
        if name == "status":
            sleeper.kill()
            ended.append(sleeper.wait())
        return data

    through(ends, monkeypatch)
    seen = only(sleeper.pid, monkeypatch)
    assert ended
    assert seen.artifacts == ()
    assert [gap.why for gap in seen.gaps] == [Why.VANISHED]


def test_a_process_that_is_replaced_while_it_is_read_is_a_gap_not_a_mixture(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start time is read first and last; here the second one is another's."""
    stats: list[bytes] = []

    def replaced(name: str, data: bytes) -> bytes:
        if name != "stat":
            return data
        stats.append(data)
        ticks = b" %d " % parse_stat(data).start_ticks
        head, _, tail = data.rpartition(b")")
        later = tail.replace(ticks, ticks[:-1] + b"9 ", 1) if len(stats) > 1 else tail
        return head + b")" + later

    through(replaced, monkeypatch)
    seen = only(sleeper.pid, monkeypatch)
    assert len(stats) > 1
    assert seen.artifacts == ()
    assert [(g.why, "replaced" in g.detail) for g in seen.gaps] == [(Why.VANISHED, True)]


def test_a_number_that_is_nobodys_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = only(4194304 + 1, monkeypatch)  # above PID_MAX_LIMIT
    assert [gap.why for gap in seen.gaps] == [Why.VANISHED]


def test_a_process_is_read_whole(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = only(sleeper.pid, monkeypatch)
    [one] = seen.artifacts
    assert isinstance(one, Process)
    assert one.cmdline == (sys.executable, "-c", "import sys; sys.stdin.read()")
    assert one.status_pid == one.tgid == sleeper.pid
    assert dict(one.descriptors or ())[0].startswith("pipe:")
