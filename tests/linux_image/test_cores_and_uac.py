"""Core dumps on an image, files under mount points, and UAC's collections."""

from __future__ import annotations

import gzip
import lzma
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from tests.linux_image.test_logs import loud
from tests.linux_image.trees import Link, Tree, indicators, look, plant, report
from triage.analyze import analyze
from triage.model import MemoryFile, Why
from triage.model.linux_image import CoreDump
from triage.parsers import Malformed
from triage.parsers.core_file import parse_core, parse_layout

PROGRAM = Path("/proc/self/exe").read_bytes()[:8192]
Map = tuple[int, int, bytes, str]  # address, flags (1 = executable), bytes, path


def note(kind: int, body: bytes) -> bytes:
    padded = body + bytes(-len(body) % 4)
    return struct.pack("<III", 5, len(body), kind) + b"CORE\0\0\0\0" + padded


def core(maps: list[Map], name: bytes = b"app", words: bytes = b"app -d", vdso: int = 0) -> bytes:
    """A core file with the notes that the kernel writes: fs/binfmt_elf.c."""
    status = struct.pack("<BBBB4xQIIIIII", 0, 0, 0, 0, 0, 1000, 1000, 4242, 1, 1, 1)
    psinfo = status.ljust(40, b"\0")[:40] + name.ljust(16, b"\0") + words.ljust(80, b"\0")
    named = [(a, len(b), p) for a, _, b, p in maps if p]
    files = struct.pack("<QQ", len(named), 4096)
    files += b"".join(struct.pack("<QQQ", a, a + size, 0) for a, size, _ in named)
    files += b"".join(path.encode() + b"\0" for *_, path in named)
    notes = (
        note(3, psinfo) + note(6, struct.pack("<QQQQ", 33, vdso, 0, 0)) + note(0x46494C45, files)
    )
    notes += note(0x53494749, struct.pack("<i", 11) + bytes(124))
    count = 1 + len(maps)
    at = 64 + 56 * count
    rows = [struct.pack("<IIQQQQQQ", 4, 4, at, 0, 0, len(notes), 0, 4)]
    at += len(notes)
    for address, flags, data, _ in maps:
        rows.append(
            struct.pack("<IIQQQQQQ", 1, flags | 4, at, address, 0, len(data), len(data), 4096)
        )
        at += len(data)
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0
    )  # fmt: skip
    return head + b"".join(rows) + notes + b"".join(data for _, _, data, _ in maps)


APP: Map = (0x400000, 1, PROGRAM, "/usr/bin/app")
PLACE = (
    "var/lib/systemd/coredump/core.app.1000.0123456789abcdef0123456789abcdef.4242.1767225600000000"
)
LOUD: tuple[tuple[str, list[Map], str], ...] = (
    ("memfd", [(0x400000, 1, PROGRAM, "/memfd:x (deleted)")], "core-dump-volatile"),
    ("shm", [(0x400000, 1, PROGRAM, "/dev/shm/x (deleted)")], "core-dump-volatile"),
    ("library in a memfd", [APP, (0x7F0000000000, 1, PROGRAM, "/memfd:l (deleted)")], "core-dump-volatile"),
    ("program that no file backs", [APP, (0x7F0000000000, 1, PROGRAM, "")], "core-dump-payload"),
)  # fmt: skip
QUIET: tuple[tuple[str, list[Map]], ...] = (
    ("ordinary", [APP]),
    ("upgraded", [(0x400000, 1, PROGRAM, "/usr/bin/app (deleted)")]),
    (".NET", [APP, (0x7F0000000000, 1, bytes(4096), "/memfd:doublemapper (deleted)")]),
    ("JIT", [APP, (0x7F0000000000, 1, b"\x90\xc3" * 2048, "")]),
    ("vdso", [APP, (0x7FFF00000000, 1, PROGRAM, "")]),
    ("data in shared memory", [APP, (0x7F0000000000, 0, b"data" * 1024, "/dev/shm/PostgreSQL.1")]),
)


@pytest.mark.parametrize(("maps", "expected"), [c[1:] for c in LOUD], ids=[c[0] for c in LOUD])
def test_a_core_dump_tells(tmp_path: Path, maps: list[Map], expected: str) -> None:
    assert expected in indicators(report(tmp_path, {PLACE: core(maps)}))


@pytest.mark.parametrize("maps", [c[1] for c in QUIET], ids=[c[0] for c in QUIET])
def test_an_ordinary_core_dump_is_silent(tmp_path: Path, maps: list[Map]) -> None:
    assert loud(report(tmp_path, {PLACE: core(maps, vdso=0x7FFF00000000)})) == set()


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_a_packed_core_dump_is_unpacked(tmp_path: Path, suffix: str, pack: object) -> None:
    assert callable(pack)
    tree: Tree = {PLACE + suffix: pack(core(LOUD[0][1]))}
    (dump,) = [a for a in look(plant(tmp_path, tree)).artifacts if isinstance(a, CoreDump)]
    assert (dump.exe, dump.comm, dump.cmdline, dump.pid, dump.uid, dump.signal) == (
        "/memfd:x (deleted)", "app", "app -d", 4242, 1000, 11,
    )  # fmt: skip
    assert dump.time == "2026-01-01T00:00:00Z"
    assert dump.content is not None
    assert dump.content.kind == "elf"
    assert dump.content.kept is not None
    assert dump.content.kept.startswith(b"\x7fELF")


def test_the_payload_of_a_dump_can_be_carved_in_full(tmp_path: Path) -> None:
    (dump,) = [
        a
        for a in look(plant(tmp_path, {PLACE: core(LOUD[3][1])})).artifacts
        if isinstance(a, CoreDump)
    ]
    assert dump.content is not None
    assert dump.content.kept == PROGRAM


@pytest.mark.parametrize("size", [0, 3, 64, 100, 500, 2000])
def test_a_core_dump_cut_short_is_no_error(tmp_path: Path, size: int) -> None:
    data = core(LOUD[0][1])[:size]
    look(plant(tmp_path, {PLACE: data}))
    try:
        layout = parse_layout(data)
    except Malformed:
        return
    parse_core(layout, data)


def test_a_real_program_is_no_core_dump() -> None:
    with pytest.raises(Malformed):
        parse_layout(Path("/proc/self/exe").read_bytes()[:65536])


# --- files under mount points -------------------------------------------------------------------


def test_a_copied_proc_is_a_collection_and_no_hidden_file(tmp_path: Path) -> None:
    tree: Tree = {"proc/7/status": "Name:\tx\n", "proc/7/cmdline": "x", "proc/.h": "words " * 50}
    found = look(plant(tmp_path, tree))
    assert [a for a in found.artifacts if isinstance(a, MemoryFile) and a.origin == "covered"] == []


def test_what_lies_under_proc_and_sys_is_seen(tmp_path: Path) -> None:
    tree: Tree = {
        "proc/.a": PROGRAM,
        "sys/x/.b": "secret " * 50,
        "proc/empty": "",
        "sys/l": Link("/etc/passwd"),
    }
    found = look(plant(tmp_path, tree))
    covered = {
        a.name for a in found.artifacts if isinstance(a, MemoryFile) and a.origin == "covered"
    }
    assert covered == {"/proc/.a", "/sys/x/.b", "/proc/empty"}
    subjects = {s.location.path: s.severity.value for s in analyze(found).subjects}
    assert subjects == {"/proc/.a": "high", "/sys/x/.b": "medium"}


# --- UAC ------------------------------------------------------------------------------------------

LISTING = "live_response/process/running_processes_full_paths.txt"


def exe(pid: int, target: str, quote: str = "") -> str:
    return f"lrwxrwxrwx 1 root root 0 Jan  1 00:00 /proc/{pid}/exe -> {quote}{target}{quote}\n"


def uac(**more: str | bytes) -> Tree:
    return {
        "uac.log": "x", LISTING: exe(1, "/usr/lib/systemd/systemd") + exe(77, "/memfd:x (deleted)", "'"),
        "live_response/process/proc/77/cmdline.txt": "x\0-d\0",
        "live_response/process/proc/77/comm.txt": "3\n",
        "live_response/process/hash_running_processes.sha1": f"{'a' * 40}  /proc/77/exe\n",
        "[root]/etc/passwd": "root:x:0:0::/root:/bin/sh\n", **more,
    }  # fmt: skip


def test_a_uac_collection_is_read_inside_and_beside(tmp_path: Path) -> None:
    tree = uac() | {
        "[root]/etc/cron.d/x": "* * * * * root /dev/shm/x\n", "[root]/dev/shm/x": PROGRAM,
        "bodyfile/bodyfile.txt": "0|/dev/shm/gone|1|r|0|0|9|1|1|1|1\n",
    }  # fmt: skip
    snapshot = look(plant(tmp_path, tree))
    assert snapshot.root_path.endswith("/[root]")
    found = analyze(snapshot)
    assert {"logged-exe-memfd", "persistence-volatile-target", "file-elf"} <= indicators(found)
    assert any(g.location.path == "/dev/shm/gone" and g.why is Why.ABSENT for g in found.gaps)
    memfd = next(s for s in found.subjects if s.kind == "log-event")
    assert dict(memfd.facts)["command"] == "x -d"
    assert dict(memfd.facts)["record_hash"] == "a" * 40


def test_shared_memory_of_a_collection_is_not_under_a_mount(tmp_path: Path) -> None:
    """UAC copied it from the running system: an ordinary file there is ordinary."""
    tree = uac() | {LISTING: exe(1, "/usr/bin/x"), "[root]/dev/shm/PostgreSQL.7": "data " * 99}
    assert loud(analyze(look(plant(tmp_path, tree)))) == set()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/dev/shm/x", "logged-exe-volatile"), ("/memfd: (deleted)", "logged-exe-memfd"),
        ("/tmp/x (deleted)", "logged-exe-deleted"), ("/usr/sbin/sshd (deleted)", None),
        ("/usr/bin/bash", None), ("/memfd:runc_cloned:/proc/self/exe (deleted)", None),
    ],
)  # fmt: skip
def test_processes_of_a_listing(tmp_path: Path, target: str, expected: str | None) -> None:
    tree = uac() | {
        LISTING: exe(9, target),
        "live_response/process/proc/9/cmdline.txt": "runc\0init\0",
    }
    found = loud(analyze(look(plant(tmp_path, tree))))
    assert (expected in found) if expected else found == set()


def test_a_folder_that_is_only_called_so_is_no_collection(tmp_path: Path) -> None:
    assert not look(plant(tmp_path, {"[root]/x": "y"})).root_path.endswith("[root]")
    outside = plant(tmp_path / "outside", {"etc/cron.d/x": "* * * * * root /dev/shm/x\n"})
    linked = plant(tmp_path / "c", {"uac.log": "x", "[root]": Link(str(outside))})
    assert indicators(analyze(look(linked))) == set()


def test_a_packed_collection_says_what_to_do(tmp_path: Path) -> None:
    packed = tmp_path / "uac-box-linux.zip"
    packed.write_bytes(b"PK\3\4")
    done = subprocess.run(
        [sys.executable, "-m", "triage", "image", str(packed)],
        capture_output=True,
        timeout=60,
        cwd=CHECKOUT,
    )
    assert done.returncode == 2
    assert b"tar -xf" in done.stderr


# --- what belongs together ------------------------------------------------------------------------


def test_an_item_its_file_and_its_record_are_one_story(tmp_path: Path) -> None:
    from tests.linux_image.test_logs import event

    tree: Tree = {
        "etc/cron.d/x": "* * * * * root /dev/shm/x\n", "dev/shm/x": PROGRAM,
        "var/log/audit/audit.log": event("/dev/shm/x", ("/dev/shm/x",)),
    }  # fmt: skip
    found = analyze(look(plant(tmp_path, tree)))
    by_kind = {subject.kind: subject for subject in found.subjects}
    item = by_kind["persistence"]
    assert {(link.relation, link.subject) for link in item.links} == {
        ("starts", by_kind["memory-file"].id), ("is recorded in", by_kind["log-event"].id),
    }  # fmt: skip
    assert all(subject.score >= 90 for subject in by_kind.values())


def test_an_item_alone_is_no_chain(tmp_path: Path) -> None:
    tree: Tree = {"etc/cron.d/x": "* * * * * root /dev/shm/x\n", "dev/shm/y": PROGRAM}
    found = analyze(look(plant(tmp_path, tree)))
    item = next(subject for subject in found.subjects if subject.kind == "persistence")
    assert item.links == ()
    assert item.score < 90
