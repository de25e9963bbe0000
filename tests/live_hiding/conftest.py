"""Everything is staged once, and looked at by one run of the command."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Iterator

import pytest

from tests.live.conftest import Seen, triage
from tests.live.stage import Refused, Stage
from tests.live_hiding.states import BENIGN, HARMFUL


@pytest.fixture(scope="session")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """All states staged together."""
    if os.geteuid() != 0:
        pytest.skip("all of these states need root to be staged")
    work = tmp_path_factory.mktemp("hiding")
    stage, seen = Stage(work), Seen(work)
    try:
        for state in (*HARMFUL, *BENIGN):
            try:
                seen.staged[state.name] = state.stage(stage)
            except Refused as reason:
                seen.refused[state.name] = reason
            except Exception:
                seen.broken[state.name] = traceback.format_exc()
        report = work / "report.json"
        done = triage("live", "-q", "--save", str(seen.snapshot), "-o", f"json={report}")
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-4000:]
        seen.report = json.loads(report.read_bytes())
        yield seen
    finally:
        stage.close()
