"""Boxes that cannot be staged, as folders: the same collectors, asked as live and as image."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CHECKOUT, FIXTURES
from triage.analyze import analyze
from triage.collect import collect
from triage.evidence import Root
from triage.model import Confidence, MemoryFile, Mount, Process, Report, Snapshot, Why
from triage.snapshot import dumps, loads, settled

BOXES = FIXTURES / "roots"
NAMES = sorted(path.name for path in BOXES.iterdir() if path.is_dir())
every_box = pytest.mark.parametrize("box", NAMES)


def look(top: Path, kind: str = "image") -> Snapshot:
    """What the collectors see, through the snapshot's bytes; any defect raises."""
    with Root(str(top)) as root:
        found = collect(root, kind=kind, clock=lambda: "2026-01-01T00:00:00Z", debug=True)
    loaded = loads(dumps(found))
    assert settled(found) == loaded  # what a live report is made from
    return loaded


def report(box: str) -> Report:
    return analyze(look(BOXES / box))


def indicators(found: Report) -> dict[str, set[str]]:
    """Subject's path -> indicators."""
    return {s.location.path: {f.indicator for f in s.findings} for s in found.subjects}


def processes(snapshot: Snapshot) -> dict[int, Process]:
    return {a.pid: a for a in snapshot.artifacts if isinstance(a, Process)}


# --- the same both ways -------------------------------------------------------------------------


@every_box
def test_live_and_image_see_the_same(box: str) -> None:
    one, two = (look(BOXES / box, kind) for kind in ("live", "image"))
    assert (one.root_kind, two.root_kind) == ("live", "image")
    assert one.artifacts == two.artifacts
    assert one.gaps == two.gaps
    assert one.host == two.host


@every_box
def test_both_commands_give_the_same_report(box: str) -> None:
    found = []
    for command in (["live", "--root"], ["image"]):
        done = subprocess.run(
            [sys.executable, "-m", "triage", *command, str(BOXES / box), "-o", "json=-"],
            capture_output=True, timeout=60, cwd=CHECKOUT,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        found.append(json.loads(done.stdout))
    one, two = found
    for key in ("subjects", "gaps", "verdict", "summary"):
        assert one[key] == two[key]


@every_box
def test_nothing_of_this_machine_gets_in(box: str) -> None:
    """A copied ``/proc`` is not this machine's, whatever its numbers are."""
    seen = look(BOXES / box)
    assert seen.host.tool_uid is None
    assert seen.host.boot_id is None
    for process in processes(seen).values():
        assert process.exe_file is None
        assert process.exe_mapped is None
        assert process.arguments == ()
        assert all(m.file is None and m.head is None for m in process.mappings or ())


@every_box
def test_facts_that_could_not_be_asked_are_weak(box: str) -> None:
    """Without an inode behind the link, what is said of an executable rests on text alone."""
    for subject in report(box).subjects:
        for finding in subject.findings:
            if finding.family in ("exe", "deletion", "bypass"):
                assert finding.confidence is Confidence.WEAK, finding.indicator


# --- each box -----------------------------------------------------------------------------------


def test_memfd_implant() -> None:
    found = report("memfd-implant")
    assert indicators(found)["/proc/4242"] >= {"exe-memfd", "tracee-fileless-execution"}
    assert set(indicators(found)) == {"/proc/4242"}
    process = processes(look(BOXES / "memfd-implant"))[4242]
    assert process.exe == "/memfd:kworker/u8:2 (deleted)"
    assert process.environ == ("PATH=/usr/bin", "LD_PRELOAD=")
    assert (4, "socket:[5555]") in (process.descriptors or ())
    assert [held.fd for held in process.open_files] == [3]
    assert process.kthread is False


def test_deleted_executables() -> None:
    found = indicators(report("deleted-exe"))
    assert {"exe-in-shm", "exe-deleted-volatile"} <= found["/proc/700"]
    assert "exe-deleted" in found["/proc/701"]
    assert "memory-anonymous-rwx" in found["/proc/702"]
    assert "/proc/703" not in found
    zombie = processes(look(BOXES / "deleted-exe"))[703]
    assert (zombie.state, zombie.exe, zombie.exe_why) == ("Z", None, Why.ABSENT)


def test_kernel_threads_are_no_gaps_and_no_findings() -> None:
    seen = look(BOXES / "kernel-threads")
    found = processes(seen)
    assert [pid for pid, p in found.items() if p.kthread] == [2, 3]
    assert not [gap for gap in seen.gaps if gap.location.path.startswith("/proc")]
    assert found[900].kthread is False
    assert found[900].comm == "[kthreadd]"


def test_container_has_its_own_mount_table() -> None:
    seen = look(BOXES / "container")
    mounts = [a for a in seen.artifacts if isinstance(a, Mount)]
    assert {m.namespace for m in mounts} == {4026531841, 4026532999}
    assert "/mnt/a b" in {m.point for m in mounts}
    assert processes(seen)[3001].ns_pids == (3001, 9)
    assert "exe-in-shm" in indicators(analyze(seen))["/proc/3001"]
    assert set(indicators(analyze(seen))) == {"/proc/3001"}


def test_plain_image_without_proc() -> None:
    seen = look(BOXES / "plain-image")
    assert seen.host.hostname == "plain-image"
    files = {a.name: a for a in seen.artifacts if isinstance(a, MemoryFile)}
    assert set(files) == {"/run/lock/x", "/run/sshd.pid", "/dev/shm/PostgreSQL.1"}
    assert {f.origin for f in files.values()} == {"directory"}
    told = indicators(analyze(seen))
    assert set(told) == {"/run/lock/x", "/dev/shm/PostgreSQL.1"}
    assert told["/dev/shm/PostgreSQL.1"] == {"image-covered-file"}  # on the disk itself
    applied = {c.collector: c.applied for c in seen.coverage}
    assert (applied["processes"], applied["memory-files"]) == (False, True)
    assert all(c.detail for c in seen.coverage if not c.applied)


def test_broken_processes_are_gaps_and_hide_nobody() -> None:
    seen = look(BOXES / "broken")
    assert set(processes(seen)) == {1, 14}
    why = {gap.location.path: gap.why for gap in seen.gaps}
    for pid in (10, 11, 13):
        assert why[f"/proc/{pid}"] is Why.MALFORMED
    assert "/proc/12" in why
    half = processes(seen)[14]
    assert (half.uids, half.gids, half.status_pid) == (None, None, None)
    assert [m.path for m in half.mappings or ()] == ["/usr/bin/half"]
    assert why["/proc/14"] is Why.MALFORMED
    assert len([a for a in seen.artifacts if isinstance(a, Mount)]) == 6


def test_times_are_told_from_the_boxs_own_clock() -> None:
    host = look(BOXES / "memfd-implant").host
    assert host.boot_time == "2026-01-01T00:00:00+00:00"
    assert host.uptime == 86400.25
    assert (host.kernel, host.time_zone) == ("6.1.0-18-amd64", "Etc/UTC")


# --- built on the spot: what git cannot hold ------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of a box, to spoil."""
    return Path(shutil.copytree(BOXES / "memfd-implant", tmp_path / "box", symlinks=True))


def spoil(path: Path, how: str) -> None:
    if path.is_symlink() or path.exists():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if how == "fifo":
        os.mkfifo(path)
    elif how == "directory":
        path.mkdir()
    elif how == "loop":
        path.symlink_to(path.name)
    elif how == "outside":
        path.symlink_to("/etc/passwd")
    elif how == "noise":
        path.write_bytes(bytes(range(256)) * 40)
    elif how == "sparse":
        with path.open("wb") as stream:
            stream.truncate(1 << 40)


FILES = ["stat", "status", "cmdline", "environ", "maps", "cgroup", "mountinfo", "auxv", "exe", "fd",
         "fd/3", "ns", "ns/mnt", "cwd"]  # fmt: skip


SPOILT = ["absent", "fifo", "directory", "loop", "outside", "noise", "sparse"]


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("name", FILES)
def test_anything_in_place_of_any_file(copy: Path, name: str, how: str) -> None:
    """No hang, no crash, nothing of the analyst's own machine, and the neighbour is still seen."""
    path = copy / "proc" / "4242" / name
    path.parent.mkdir(exist_ok=True)
    spoil(path, how)
    seen = look(copy)
    analyze(seen)
    assert 1 in processes(seen)
    assert b"root:x:0:0" not in dumps(seen)
    if name == "stat":
        assert 4242 not in processes(seen)
        assert "/proc/4242" in {gap.location.path for gap in seen.gaps}


@pytest.mark.parametrize("how", SPOILT[1:])
@pytest.mark.parametrize(
    "name",
    ["proc/uptime", "proc/stat", "etc/os-release", "etc/hostname", "etc/timezone", "etc/localtime",
     "proc/sys/kernel/hostname", "proc/sys/kernel/yama/ptrace_scope",
     "proc/sys/kernel/random/boot_id"],
)  # fmt: skip
def test_anything_in_place_of_the_hosts_files(copy: Path, name: str, how: str) -> None:
    path = copy / name
    path.parent.mkdir(parents=True, exist_ok=True)
    spoil(path, how)
    seen = look(copy)
    assert set(processes(seen)) == {1, 4242}
    assert b"root:x:0:0" not in dumps(seen)


@pytest.mark.parametrize("uptime", ["nan", "inf", "1e999", "-", "9" * 400, "١", ""])
def test_absurd_uptimes(copy: Path, uptime: str) -> None:
    (copy / "proc" / "uptime").write_text(uptime)
    assert set(processes(look(copy))) == {1, 4242}


@pytest.mark.parametrize(
    "name",
    ["0", "4194305", "9" * 19, "١٢", "01",
     "9" * 20, "9" * 200],
)  # fmt: skip
def test_absurd_process_numbers(copy: Path, name: str) -> None:
    shutil.copytree(copy / "proc" / "4242", copy / "proc" / name, symlinks=True)
    seen = look(copy)
    numbers = [a.pid for a in seen.artifacts if isinstance(a, Process)]
    assert {1, 4242} <= set(numbers)
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(
    "name",
    ["-1", "01", "x", "٣", "9" * 20,
     "9" * 200],
)  # fmt: skip
def test_absurd_descriptor_numbers(copy: Path, name: str) -> None:
    (copy / "proc" / "4242" / "fd" / name).symlink_to("/dev/null")
    assert set(processes(look(copy))) == {1, 4242}


@pytest.mark.parametrize(
    "target",
    ["mnt:[" + "9" * 30 + "]", "mnt:[-1]", "mnt", "[", "mnt:[1_0]"],
)
def test_absurd_namespaces(copy: Path, target: str) -> None:
    link = copy / "proc" / "4242" / "ns" / "mnt"
    link.unlink()
    link.symlink_to(target)
    assert set(processes(look(copy))) == {1, 4242}


HOSTILE = [b"\x1b[2J\x1b]0;x\x07", b"[red]", b"new\nline", b"\xff\xfe\xfd", "\u202egpj".encode(),
           b"<script>alert(1)", b"=cmd|calc!A0", b"a" * 200]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_reach_the_reports_harmless(tmp_path: Path, name: bytes) -> None:
    from triage.report import FORMATS, render

    box = Path(shutil.copytree(BOXES / "plain-image", tmp_path / "box"))
    os.rename(box / "run" / "lock" / "x", os.path.join(os.fsencode(box), b"run", b"lock", name))
    found = analyze(look(box))
    paths = [s.location.path.encode("utf-8", "surrogateescape") for s in found.subjects]
    assert len([path for path in paths if path.endswith(name)]) == 1
    for form in FORMATS:
        text = render(form, found, details=True)
        assert text.encode("utf-8") or form == "tracee"  # which may have nothing to say
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert form != "html" or "<script>alert(1)" not in text


def test_an_image_whose_every_name_is_a_way_out(tmp_path: Path) -> None:
    """``/proc``, ``/run`` and ``/dev`` are links to the analyst's own."""
    box = tmp_path / "box"
    box.mkdir()
    for name in ("proc", "run", "dev", "etc", "var", "tmp"):
        (box / name).symlink_to(f"/{name}")
    (box / "usr").symlink_to("/" + "../" * 30 + "usr")
    seen = look(box)
    assert seen.artifacts == ()
    assert not any(c.applied for c in seen.coverage if c.collector in ("processes", "mounts"))


def test_an_empty_proc_directory_is_told(tmp_path: Path) -> None:
    """Of a mounted image ``/proc`` is an empty directory: that is no clean box."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "run").mkdir()
    seen = look(tmp_path)
    [line] = [c for c in seen.coverage if c.collector == "processes"]
    assert (line.applied, line.detail) == (
        False,
        "/proc holds no process: nothing is mounted there",
    )
    assert analyze(seen).verdict == "none"


def test_ctrl_c_keeps_what_was_seen() -> None:
    def interrupted(scope: Any) -> Any:
        yield from ()
        raise KeyboardInterrupt

    def never(scope: Any) -> Any:
        raise AssertionError("not reached")
        yield

    from triage.collectors import processes as first

    with Root(str(BOXES / "container")) as root:
        seen = collect(
            root,
            kind="image",
            collectors=((first.NAME, first.collect), ("i", interrupted), ("n", never)),
        )
    assert set(processes(seen)) == {1, 3000, 3001}
    assert [c.collector for c in seen.coverage] == ["processes", "i"]
    assert [gap.why for gap in seen.gaps] == [Why.TIMEOUT]
    assert replace(seen, gaps=()) != seen
