"""``triage watch`` on this machine: real executions, both sources, clean ends."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CHECKOUT
from tests.live.payloads import sleep_copy, sleep_exact, sleep_original
from tests.live_deep.watched import (
    DEADLINE,
    Watched,
    run_from_memory,
    tracing_instances,
    watching,
)
from triage.watch.connector import Connector, Unavailable
from triage.watch.trace_events import TraceEvents

pytestmark = pytest.mark.live
SOURCES = {"connector": Connector, "trace": TraceEvents}
ALL_SEALS = 0x0F
CLONE_NEWUSER, CLONE_NEWPID = 0x10000000, 0x20000000


def need(source: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("executions are told to root only")
    try:
        SOURCES[source]().close()
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module", params=list(SOURCES))
def watched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """One watch for each source, with everything kept that it judges medium and above."""
    need(request.param)
    kept = tmp_path_factory.mktemp("kept")
    with watching("--source", request.param, "--keep", str(kept)) as found:
        yield found, kept


def test_a_program_in_memory_is_caught_and_kept(watched: tuple[Watched, Path]) -> None:
    data = sleep_copy()
    pid = run_from_memory("payload", data, "sleep", "0.05")
    alert = watched[0].alert_on(pid)
    assert alert["severity"] == "critical"
    assert {"exe-memfd", "tracee-fileless-execution"} <= set(alert["indicators"])
    assert alert["techniques"] == sorted(alert["techniques"])
    assert "T1620" in alert["techniques"]
    assert alert["parent"]["pid"] == os.getpid()
    kept = Path(alert["kept"])
    assert kept.parent == watched[1]
    assert kept.read_bytes() == data
    assert stat.S_IMODE(kept.stat().st_mode) == 0o400


def test_a_script_in_shared_memory_is_caught_and_kept(watched: tuple[Watched, Path]) -> None:
    path = Path(f"/dev/shm/watch-{secrets.token_hex(4)}.sh")
    path.write_bytes(b"#!/bin/sh\n# fetches nothing\nsleep 0.05\n")
    try:
        child = subprocess.Popen(["sh", str(path)])
        alert = watched[0].alert_on(child.pid)
        assert child.wait(DEADLINE) == 0
    finally:
        path.unlink()
    assert "script-in-volatile" in alert["indicators"]
    assert Path(alert["kept"]).read_bytes().startswith(b"#!/bin/sh\n# fetches")


def test_a_program_in_shared_memory_is_caught(watched: tuple[Watched, Path]) -> None:
    path = Path(f"/dev/shm/watch-{secrets.token_hex(4)}")
    path.write_bytes(sleep_copy())
    path.chmod(0o755)
    try:
        child = subprocess.Popen(["sleep", "0.05"], executable=str(path))
        assert child.wait(DEADLINE) == 0
    finally:
        path.unlink()
    assert "exe-in-shm" in watched[0].alert_on(child.pid)["indicators"]


def test_a_thread_title_is_caught(watched: tuple[Watched, Path]) -> None:
    child = subprocess.Popen(["[kworker/0:1]", "0.05"], executable=sleep_original())
    assert child.wait(DEADLINE) == 0
    assert "kernel-thread-name" in watched[0].alert_on(child.pid)["indicators"]


def test_a_sealed_clone_and_ordinary_programs_raise_no_alert(watched: tuple[Watched, Path]) -> None:
    """A last, harmful execution shows that the harmless ones before it were judged."""
    clone = run_from_memory(
        "runc_cloned:/proc/self/exe", sleep_exact(), "sleep", "0.05", seals=ALL_SEALS
    )
    plain = subprocess.Popen(["sleep", "0.05"])
    assert plain.wait(DEADLINE) == 0
    watched[0].alert_on(run_from_memory("last", sleep_copy(), "sleep", "0.05"))
    alerted = {line["pid"] for line in watched[0].lines if line["event"] == "alert"}
    assert not {clone, plain.pid} & alerted


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_and_counts(source: str, how: signal.Signals) -> None:
    need(source)
    before = tracing_instances()
    with watching("--source", source) as watched:
        subprocess.run(["true"], check=True)
        watched.alert_on(run_from_memory("x", sleep_copy(), "sleep", "0.02"))
        last = watched.end(how)
    assert last["executions"] >= 2
    assert last["caught"] >= 1
    assert last["lost"] == last["dropped"] == 0
    assert tracing_instances() == before


def test_nothing_stays_of_a_watch_that_was_killed() -> None:
    need("trace")
    before = tracing_instances()
    with watching("--source", "trace") as watched:
        assert len(tracing_instances()) == len(before) + 1
        watched.process.kill()
        # The catcher ends when its parent's socket closes; its own end closes standard error.
        assert watched.process.stderr is not None
        while os.read(watched.process.stderr.fileno(), 4096):
            pass
    assert tracing_instances() == before


def test_it_stops_after_a_number_of_alerts() -> None:
    need("connector")
    with watching("--limit", "2") as watched:
        for _ in range(3):
            run_from_memory("x", sleep_copy(), "sleep", "0.02")
        assert watched.process.wait(DEADLINE) == 0
        watched.until(lambda line: line["event"] == "end")
    assert sum(line["event"] == "alert" for line in watched.lines) == 2


def test_it_says_why_it_hears_nothing_in_a_container() -> None:
    need("connector")
    script = (
        "import ctypes, os, sys\n"
        f"if ctypes.CDLL(None).unshare({CLONE_NEWUSER | CLONE_NEWPID}): sys.exit(77)\n"
        "pid = os.fork()\n"
        "if pid: sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'triage', 'watch', '--seconds', '5',"
        " '--source', 'connector'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, timeout=DEADLINE
    )
    if done.returncode == 77:
        pytest.skip("user namespaces are not permitted here")
    assert done.returncode == 3, done.stderr
    assert b"executions cannot be heard of here" in done.stderr
    assert b"a container" in done.stderr


def test_what_is_kept_does_not_go_where_payloads_are_looked_for() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "triage", "watch", "--keep", "/dev/shm/kept", "--seconds", "0"],
        cwd=CHECKOUT, capture_output=True, timeout=DEADLINE,
    )  # fmt: skip
    assert done.returncode == 2
    assert not Path("/dev/shm/kept").exists()


def test_the_journal_and_syslog_get_what_they_can_read(tmp_path: Path) -> None:
    from tests.live_deep.samples import alert
    from triage.watch.alerts import Journal, Syslog

    for sink in (Journal, Syslog):
        path = str(tmp_path / sink.__name__)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
            there.bind(path)
            there.settimeout(DEADLINE)
            sink(path).send(alert("/memfd:x\nPRIORITY=7 (deleted)"), None)
            data = there.recv(1 << 17)
        if sink is Syslog:
            assert data.startswith(b"<82>triage[")  # authpriv, critical
            assert b"\n" not in data
        else:
            fields = journal_fields(data)
            assert fields["PRIORITY"] == b"2"
            assert fields["TRIAGE_EXE"] == b"/memfd:x\nPRIORITY=7 (deleted)"


def journal_fields(data: bytes) -> dict[str, bytes]:
    """systemd's native protocol, read the way the journal does."""
    fields = {}
    while data:
        name, _, rest = data.partition(b"\n")
        size = int.from_bytes(rest[:8], "little")
        assert name.decode() not in fields
        fields[name.decode()] = rest[8 : 8 + size]
        assert rest[8 + size : 9 + size] == b"\n"
        data = rest[9 + size :]
    return fields
