"""``triage live`` on this machine, with payloads in stores without files and things that hide.

Every assertion is about what was staged here; what else there is on the machine is nobody's
business.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import content, memfd_inode, process, snapshot
from tests.live_deep.conftest import BENIGN, HARMFUL, Seen
from tests.live_deep.deep import Mark, State
from triage.analyze import analyze
from triage.model import Location
from triage.model.kernel_objects import HiddenThing, IpcObject

pytestmark = pytest.mark.live
LADDER = ("info", "low", "medium", "high", "critical")


def each(states: tuple[State, ...]) -> Any:
    return pytest.mark.parametrize("state", states, ids=lambda state: state.name)


def about(seen: Seen, mark: Mark) -> list[dict[str, Any]]:
    return [subject for subject in seen.report["subjects"] if mark.is_in(subject)]


def told(subjects: list[dict[str, Any]]) -> str:
    lines = []
    for subject in subjects:
        lines.append(f"{subject['severity']} {subject['score']} {subject['title']}")
        lines += [f"    {f['indicator']}: {f['evidence']}" for f in subject["findings"]]
    return "\n".join(lines) or "nothing"


@each(HARMFUL)
def test_harmful_state_is_found(state: State, staged: Mark, deep_seen: Seen) -> None:
    subjects = about(deep_seen, staged)
    said = f"{state.how}\n{told(subjects)}"
    found = {f["indicator"] for subject in subjects for f in subject["findings"]}
    assert set(state.every) <= found, f"missing {set(state.every) - found}: {said}"
    worst = max(LADDER.index(subject["severity"]) for subject in subjects)
    assert worst >= LADDER.index(state.severity), f"below {state.severity}: {said}"


@each(BENIGN)
def test_look_alike_stays_low(state: State, staged: Mark, deep_seen: Seen) -> None:
    subjects = about(deep_seen, staged)
    worst = max((LADDER.index(subject["severity"]) for subject in subjects), default=0)
    assert worst <= LADDER.index(state.ceiling), f"{state.how}\n{told(subjects)}"


def test_names_of_a_desktop_are_no_records(deep_seen: Seen) -> None:
    """Ordinary socket names of the staged child are in no subject at all."""
    if "sockets-of-a-desktop" in deep_seen.marks:
        names = [s["facts"].get("name") or "" for s in deep_seen.report["subjects"]]
        assert [
            n for n in names if n.startswith(("@/tmp/dbus-", "@vscode-ipc", "@containerd"))
        ] == []


def test_enough_was_staged_to_mean_anything(deep_seen: Seen) -> None:
    assert deep_seen.broken == {}
    harmful = [s.name for s in HARMFUL if s.name in deep_seen.marks]
    look_alikes = [s.name for s in BENIGN if s.name in deep_seen.marks]
    assert len(harmful) >= 30, deep_seen.refused
    assert len(look_alikes) >= 20, deep_seen.refused


def test_one_payload_in_two_places_is_one_story(deep_seen: Seen) -> None:
    """A segment and the file that its mapping shows are linked, and so is who maps it."""
    mark = deep_seen.marks.get("shm-elf")
    if mark is None:
        pytest.skip(deep_seen.refused["shm-elf"])
    (subject,) = about(deep_seen, mark)
    assert "is the same as" in {link["relation"] for link in subject["links"]}


def test_a_hidden_process_is_tied_to_what_it_does() -> None:
    hidden = HiddenThing(
        Location("/proc/4242", "hidden"), "process", "/proc/4242", ("kill",), ("getdents64",),
        pid=4242,
    )  # fmt: skip
    fileless = process(4242, "/memfd:x (deleted)", exe_file=memfd_inode())
    report = analyze(snapshot(hidden, fileless))
    assert {s.kind for s in report.subjects} == {"hidden", "process"}
    assert all(subject.links and subject.score >= 90 for subject in report.subjects)


def test_a_command_that_names_a_key_is_tied_to_it() -> None:
    held = IpcObject(
        Location("/proc/keys", "key 1"), "key", "cachedata", type="user", number=1,
        content=content("elf"),
    )  # fmt: skip
    runs = process(
        4242, "/usr/bin/bash", cmdline=("bash", "-c", "keyctl pipe %user:cachedata > /dev/fd/3"),
        status_pid=1,
    )  # fmt: skip
    report = analyze(snapshot(held, runs))
    assert sorted(
        (link.relation for subject in report.subjects for link in subject.links), reverse=True
    ) == ["names", "is named by"]
