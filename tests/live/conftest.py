"""Everything is staged once per session, and looked at by one run of the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.live import handed, lookalikes, memory, running, scripts, stored
from tests.live.stage import Refused, Stage, Staged
from tests.live.state import State, unique

HARMFUL = (*running.STATES, *memory.STATES, *scripts.STATES, *stored.STATES, *handed.STATES)
BENIGN = (*lookalikes.STATES, *handed.LOOK_ALIKES)
OBSTACLES = stored.OBSTACLES
ALL = unique((*HARMFUL, *BENIGN, *OBSTACLES))
CHECKOUT = Path(__file__).resolve().parent.parent.parent
# Far beyond what a run takes anywhere; only a command that hangs meets it.
PATIENCE = 900


@dataclass(slots=True)
class Seen:
    """What was staged and what the command said of it.

    ``staged`` holds the state by name; ``refused`` the reasons why one could not be staged,
    ``broken`` the tracebacks of stagings that failed. ``blocks`` are those of staged files
    before the run, by path. ``processes`` and ``files`` are read from the snapshot on demand.
    """

    work: Path
    staged: dict[str, Staged] = field(default_factory=dict)
    refused: dict[str, Refused] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    blocks: dict[str, int] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    terminal: bytes = b""
    processes: set[int] = field(default_factory=set)
    files: set[tuple[str, int]] = field(default_factory=set)

    @property
    def snapshot(self) -> Path:
        return self.work / "host.triage.jsonl"

    @property
    def report_bytes(self) -> bytes:
        return (self.work / "report.json").read_bytes()


def triage(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a user would, from the checkout."""
    return subprocess.run(
        [sys.executable, "-m", "triage", *arguments],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
    )


def _stage_all(stage: Stage, seen: Seen) -> None:
    for state in ALL:
        try:
            seen.staged[state.name] = state.stage(stage)
        except Refused as reason:
            seen.refused[state.name] = reason
        except Exception:
            # One state that cannot be staged must not hide the others; its test fails.
            seen.broken[state.name] = traceback.format_exc()


def _note_the_dead(seen: Seen) -> None:
    """A child that did not live through the run proves nothing: its test must say so."""
    for name, staged in seen.staged.items():
        if staged.pid is None or name in ("zombie", "leader-exited"):
            continue
        with open(f"/proc/{staged.pid}/stat", "rb") as file:
            state = file.read().rpartition(b")")[2].split()[0]
        if state in (b"Z", b"X"):
            seen.broken[name] = f"pid {staged.pid} ended before the run did"


def _blocks(seen: Seen) -> dict[str, int]:
    found = {}
    for staged in seen.staged.values():
        if staged.path is not None:
            try:
                found[staged.path] = os.lstat(staged.path).st_blocks
            except OSError:
                continue  # it has no name any more, or one in another namespace only
    return found


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """All states staged together, one run of ``triage live`` over them."""
    work = tmp_path_factory.mktemp("live")
    stage, seen = Stage(work), Seen(work)
    try:
        _stage_all(stage, seen)
        seen.blocks = _blocks(seen)
        report = work / "report.json"
        done = triage("live", "--save", str(seen.snapshot), "-o", f"json={report}")
        (work / "stderr").write_bytes(done.stderr)
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-4000:]
        _note_the_dead(seen)
        seen.terminal = done.stdout
        seen.report = json.loads(report.read_bytes())
        yield seen
    finally:
        stage.close()


@pytest.fixture
def staged(seen: Seen, request: pytest.FixtureRequest) -> Staged:
    """The state the test is about: skipped where this machine forbids it."""
    state: State = request.getfixturevalue("state")
    if state.name in seen.broken:
        pytest.fail(f"{state.how}: not staged\n{seen.broken[state.name]}")
    if state.privileged and os.geteuid() != 0:
        pytest.skip("the kernel gives the facts this rests on to root only")
    if state.name in seen.refused:
        reason = seen.refused[state.name]
        if os.environ.get("CI") == "true" and os.geteuid() == 0 and not reason.by_kernel:
            pytest.fail(f"not staged under CI as root: {reason}")
        pytest.skip(str(reason))
    return seen.staged[state.name]
