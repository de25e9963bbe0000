"""Real hiding: a preloaded library that takes names and a process out of listings."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CHECKOUT
from tests.live.payloads import sleep_original
from triage.collectors import hidden
from triage.evidence import Root
from triage.model import Gap, Host, Process
from triage.model.kernel_objects import HiddenThing
from triage.scope import Budget, Limits, Scope

pytestmark = pytest.mark.live
_HERE = Path(__file__).parent
PATIENCE = 300
_THREADS = """
import threading
for _ in range(50):
    threading.Thread(target=threading.Event().wait).start()
"""


@pytest.fixture(scope="module")
def hider(tmp_path_factory: pytest.TempPathFactory) -> str:
    library = tmp_path_factory.mktemp("hider") / "hider.so"
    done = subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-o", library, _HERE / "hider.c", "-ldl"],
        capture_output=True,
    )
    if done.returncode != 0:
        pytest.skip(f"no C compiler: {done.stderr!r}")
    return str(library)


def looked(environment: dict[str, str], where: Path) -> dict[str, Any]:
    """The JSON report of ``triage live`` under an environment."""
    report = where / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", "triage", "live", "-q", "-o", f"json={report}"],
        cwd=CHECKOUT, env=os.environ | environment, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(report.read_bytes())
    return found


def hidden_things(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [subject for subject in report["subjects"] if subject["kind"] == "hidden"]


@pytest.mark.parametrize("raw", [False, True], ids=["library", "library-and-syscall"])
def test_a_process_that_a_library_hides_is_found(raw: bool, hider: str, tmp_path: Path) -> None:
    """Past ``readdir`` by the raw call; past a forged raw call by asking every number."""
    with subprocess.Popen([sleep_original(), "1000"]) as child:
        try:
            wanted = {"LD_PRELOAD": hider, "HIDE_PID": str(child.pid)}
            report = looked(wanted | ({"HIDE_RAW": "1"} if raw else {}), tmp_path)
        finally:
            child.kill()
    found = [s for s in hidden_things(report) if s["facts"]["pid"] == child.pid]
    assert len(found) == 1
    assert found[0]["severity"] == "critical"
    assert found[0]["facts"]["exe"] == sleep_original()
    seen = found[0]["facts"]["seen_by"]
    assert {"kill", "getpgid", "sched_getaffinity"} <= set(seen.split(", "))
    assert ("getdents64" in found[0]["facts"]["missed_by"]) is raw


def test_a_name_that_a_library_hides_is_found_and_said_at_the_top(
    hider: str, tmp_path: Path
) -> None:
    name = f"hidden{secrets.token_hex(6)}"
    path = Path("/dev/shm") / name
    path.write_bytes(b"x")
    try:
        report = looked({"LD_PRELOAD": hider, "HIDE_MARK": name}, tmp_path)
    finally:
        path.unlink()
    # Others may stage other things that hide meanwhile: of names there is this one.
    names = [s["facts"]["name"] for s in hidden_things(report)]
    assert [found for found in names if found.startswith("/")] == [str(path)]
    notes = "\n".join(report["host"]["notes"])
    assert "LD_PRELOAD" in notes
    assert "hides names in /dev/shm" in notes


def test_a_healthy_look_hides_nothing_of_ours(tmp_path: Path) -> None:
    """Threads, children that come and go, and our own process are no hidden ones."""
    busy = subprocess.Popen(["sh", "-c", "while :; do true & sleep 0.02; done"])
    threads = subprocess.Popen([sys.executable, "-c", _THREADS])
    try:
        report = looked({}, tmp_path)
    finally:
        for child in (busy, threads):
            child.kill()
            child.wait()
    ours = {busy.pid, threads.pid, os.getpid()}
    names = [s["facts"]["pid"] for s in hidden_things(report)]
    assert not ours & set(names)
    assert "hides names" not in "\n".join(report["host"]["notes"])


# --- without a rootkit: the decision itself --------------------------------------------------


def scope(**host: Any) -> Scope:
    limits = Limits()
    return Scope(Root("/"), True, Host(**host), limits, Budget(limits))


def steps(given: Scope) -> list[Any]:
    with given.root:
        return list(hidden.collect(given))


def test_hidepid_makes_it_silent_and_says_so() -> None:
    found = steps(scope(hidepid="2"))
    assert not any(isinstance(step, HiddenThing) and step.what == "process" for step in found)
    assert any(isinstance(step, Gap) and "hidepid=2" in step.detail for step in found)


def test_a_process_missing_from_the_lists_becomes_a_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = hidden._listed
    with subprocess.Popen([sleep_original(), "1000"]) as child:
        gone = {child.pid}
        monkeypatch.setattr(hidden, "_listed", lambda: tuple(each - gone for each in real()))
        try:
            found = steps(scope())
        finally:
            child.kill()
    things = [step for step in found if isinstance(step, HiddenThing) and step.pid == child.pid]
    assert [thing.missed_by for thing in things] == [("readdir", "getdents64")]
    assert [step.pid for step in found if isinstance(step, Process)].count(child.pid) == 1


def test_a_process_missing_only_once_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was started between two looks, or the list was read while it changed."""
    real = hidden._listed
    looks: list[int] = []
    with subprocess.Popen([sleep_original(), "1000"]) as child:

        def late() -> tuple[set[int], ...]:
            looks.append(1)
            gone = {child.pid} if len(looks) <= 2 else set()
            return tuple(each - gone for each in real())

        monkeypatch.setattr(hidden, "_listed", late)
        try:
            found = steps(scope())
        finally:
            child.kill()
    assert len(looks) >= 3
    assert not any(isinstance(s, HiddenThing) and s.pid == child.pid for s in found)
