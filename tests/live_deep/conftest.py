"""All deep states staged once, and looked at by one run of the command in mounts of its own."""

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

from tests.conftest import CHECKOUT
from tests.live.stage import Refused, Stage
from tests.live_deep import concealed, lookalikes, pipe_states, stores
from tests.live_deep.deep import Deep, Mark, State

HARMFUL = (*stores.STATES, *concealed.STATES, *pipe_states.HARMFUL)
BENIGN = (*lookalikes.STATES, *pipe_states.BENIGN)
LAUNCHER = Path(__file__).with_name("launcher.py")
PATIENCE = 900


@dataclass(slots=True)
class Seen:
    """What was staged, what could not be, and what the command said."""

    work: Path
    marks: dict[str, Mark] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)


def _stage_all(deep: Deep, seen: Seen) -> None:
    for state in (*HARMFUL, *BENIGN):
        try:
            seen.marks[state.name] = state.stage(deep)
        except Refused as reason:
            seen.refused[state.name] = str(reason)
        except Exception:
            seen.broken[state.name] = traceback.format_exc()


def _run(deep: Deep, work: Path) -> dict[str, Any]:
    """``triage live`` with the staged mounts, which end with it."""
    report, plan = work / "report.json", work / "mounts.json"
    plan.write_text(json.dumps(deep.mounts))
    xattrs = [word for directory in deep.xattrs for word in ("--xattrs", directory)]
    command = [sys.executable, "-m", "triage", "live", "-q", "-o", f"json={report}", *xattrs]
    launched = [sys.executable, str(LAUNCHER), str(plan), *command] if deep.mounts else command
    done = subprocess.run(
        launched, cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-4000:]
    found: dict[str, Any] = json.loads(report.read_bytes())
    return found


@pytest.fixture(scope="session")
def deep_seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    if os.geteuid() != 0:
        pytest.skip("most of these states need root to be staged")
    work = tmp_path_factory.mktemp("deep")
    stage, seen = Stage(work), Seen(work)
    deep = Deep(stage)
    try:
        _stage_all(deep, seen)
        seen.report = _run(deep, work)
        yield seen
    finally:
        stage.close()
        deep.close()


@pytest.fixture
def staged(deep_seen: Seen, request: pytest.FixtureRequest) -> Mark:
    """The state the test is about: skipped with the reason where this machine forbids it."""
    state: State = request.getfixturevalue("state")
    if state.name in deep_seen.broken:
        pytest.fail(f"{state.how}: not staged\n{deep_seen.broken[state.name]}")
    if state.name in deep_seen.refused:
        pytest.skip(deep_seen.refused[state.name])
    return deep_seen.marks[state.name]
