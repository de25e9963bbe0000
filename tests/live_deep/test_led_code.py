"""Code that was led elsewhere in live processes, by ``triage live`` and ``triage live --deep``."""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.conftest import CHECKOUT
from tests.live.stage import Refused, Stage, need_root
from tests.live_deep.conftest import PATIENCE
from tests.live_deep.deep import Deep, Mark, State
from tests.live_deep.led_code import BENIGN, CODE, HARMFUL, HARMFUL_DEEP, OVERWRITTEN, REPLACED

pytestmark = pytest.mark.live
LADDER = ("info", "low", "medium", "high", "critical")
Subjects = list[dict[str, Any]]


@dataclass(slots=True)
class Seen:
    marks: dict[str, Mark] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    plain: Subjects = field(default_factory=list)
    deep: Subjects = field(default_factory=list)


def _subjects(work: Any, *options: str) -> Subjects:
    report = work / f"code{len(options)}.json"
    words = [sys.executable, "-m", "triage", "live", "-q", *options, "-o", f"json={report}"]
    done = subprocess.run(
        words, cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-4000:]
    found: Subjects = json.loads(report.read_bytes())["subjects"]
    return found


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    try:
        need_root()
    except Refused as reason:
        pytest.skip(str(reason))
    work = tmp_path_factory.mktemp("code")
    stage, seen = Stage(work), Seen()
    deep = Deep(stage)
    try:
        for state in (*HARMFUL, *REPLACED, *OVERWRITTEN, *HARMFUL_DEEP, *BENIGN):
            try:
                seen.marks[state.name] = state.stage(deep)
            except Refused as reason:
                seen.refused[state.name] = str(reason)
            except Exception:
                seen.broken[state.name] = traceback.format_exc()
        seen.plain = _subjects(work)
        seen.deep = _subjects(work, "--deep")
        yield seen
    finally:
        deep.close()
        stage.close()


def _about(seen: Seen, state: State, subjects: Subjects) -> Subjects:
    if state.name in seen.broken:
        pytest.fail(seen.broken[state.name])
    if state.name in seen.refused:
        pytest.skip(seen.refused[state.name])
    return [subject for subject in subjects if seen.marks[state.name].is_in(subject)]


def _told(subjects: Subjects) -> str:
    lines = []
    for subject in subjects:
        lines.append(f"{subject['severity']} {subject['title']}")
        lines += [f"    {f['indicator']}: {f['evidence']}" for f in subject["findings"]]
    return "\n".join(lines) or "nothing"


def _worst(subjects: Subjects) -> int:
    return max((LADDER.index(subject["severity"]) for subject in subjects), default=0)


def _fired(subjects: Subjects) -> set[str]:
    return {finding["indicator"] for subject in subjects for finding in subject["findings"]}


@pytest.mark.parametrize("state", [*HARMFUL, *REPLACED, *OVERWRITTEN], ids=lambda state: state.name)
@pytest.mark.parametrize("run", ["plain", "deep"])
def test_code_that_was_led_elsewhere_is_found(state: State, run: str, seen: Seen) -> None:
    subjects = _about(seen, state, getattr(seen, run))
    assert set(state.every) <= _fired(subjects), f"{state.how}\n{_told(subjects)}"
    assert _worst(subjects) >= LADDER.index(state.severity), f"{state.how}\n{_told(subjects)}"


@pytest.mark.parametrize("state", HARMFUL_DEEP, ids=lambda state: state.name)
def test_what_leads_into_files_on_disk_is_found_by_the_deep_look(state: State, seen: Seen) -> None:
    subjects = _about(seen, state, seen.deep)
    assert set(state.every) <= _fired(subjects), f"{state.how}\n{_told(subjects)}"
    assert _worst(subjects) >= LADDER.index(state.severity), f"{state.how}\n{_told(subjects)}"
    assert not set(state.every) & _fired(_about(seen, state, seen.plain))


@pytest.mark.parametrize("state", BENIGN, ids=lambda state: state.name)
@pytest.mark.parametrize("run", ["plain", "deep"])
def test_what_comes_close_stays_quiet(state: State, run: str, seen: Seen) -> None:
    subjects = _about(seen, state, getattr(seen, run))
    assert not set(state.never) & _fired(subjects), f"{state.how}\n{_told(subjects)}"
    assert _worst(subjects) <= LADDER.index(state.ceiling), f"{state.how}\n{_told(subjects)}"


def test_enough_was_staged_to_mean_anything(seen: Seen) -> None:
    assert seen.broken == {}
    assert len([s for s in HARMFUL if s.name in seen.marks]) >= 10, seen.refused
    assert len([s for s in BENIGN if s.name in seen.marks]) >= 8, seen.refused


def test_the_look_is_tied_to_its_process(seen: Seen) -> None:
    """Where the process has a finding of its own, the two are one story."""
    subjects = [s for s in seen.plain if seen.marks["table-anonymous"].is_in(s)]
    assert {s["kind"] for s in subjects} == {"process", "process-code"}
    assert all(s["links"] and s["severity"] == "critical" for s in subjects)
    assert _fired(subjects) & set(CODE) == {"code-function-table"}


def test_the_page_tells_how_many_states_there_are() -> None:
    from tests.live_deep import conftest

    harmful = (*conftest.HARMFUL, *HARMFUL, *REPLACED, *OVERWRITTEN, *HARMFUL_DEEP)
    look_alikes = (*conftest.BENIGN, *BENIGN)
    assert len({state.name for state in (*harmful, *look_alikes)}) == len(harmful) + len(
        look_alikes
    )
    page = (CHECKOUT / "docs" / "linux-deep.md").read_text()
    assert f"{len(harmful)} harmful-looking and {len(look_alikes)} benign" in page
    assert len(harmful) >= 60
    assert len(look_alikes) >= 30
