"""``triage live`` on this very machine, with harmless fileless states staged on it.

Every assertion is about a process or a file that was staged here; what else runs on the
machine is nobody's business.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import ALL, BENIGN, HARMFUL, OBSTACLES, Seen, triage
from tests.live.stage import Staged
from tests.live.state import State

pytestmark = pytest.mark.live
LADDER = ("info", "low", "medium", "high", "critical")
Subject = dict[str, Any]


def each(states: tuple[State, ...]) -> Any:
    return pytest.mark.parametrize("state", states, ids=lambda state: state.name)


def about(seen: Seen, staged: Staged) -> list[Subject]:
    """The report's subjects that are the staged process or file."""
    return [subject for subject in seen.report["subjects"] if _is_about(subject, staged)]


def _is_about(subject: Subject, staged: Staged) -> bool:
    facts, pids = subject["facts"], {staged.pid, *staged.pids} - {None}
    if subject["kind"] == "process":
        return facts.get("pid") in pids
    if staged.inode is not None:
        return (facts.get("dev"), facts.get("inode")) == (staged.dev, staged.inode)
    if staged.dev is not None:
        return bool(facts.get("dev") == staged.dev)
    # What a staged process executes, maps or holds may be a subject of its own.
    return bool(pids & _holders(subject))


def _holders(subject: Subject) -> set[int]:
    """The pids of ``held_by``: ``"12 (exe), 34 (fd 3)"``."""
    parts = str(subject["facts"].get("held_by") or "").split(", ")
    return {int(part.split(" ")[0]) for part in parts if part}


def findings(subjects: list[Subject]) -> dict[str, Subject]:
    return {f["indicator"]: f for subject in subjects for f in subject["findings"]}


def told(subjects: list[Subject]) -> str:
    """What the report says, for the message of a failing assertion."""
    lines = [f"{len(subjects)} subjects"]
    for subject in subjects:
        lines.append(f"{subject['severity']} {subject['score']} {subject['title']}")
        lines += [
            f"    {f['indicator']} {f['severity']}/{f['confidence']}: {f['evidence']}"
            for f in subject["findings"]
        ]
        lines += [f"    {subject['facts']}", f"    benign: {subject['benign']}"]
    return "\n".join(lines)


def worst(subjects: list[Subject]) -> int:
    return max((LADDER.index(subject["severity"]) for subject in subjects), default=-1)


@each(HARMFUL)
def test_harmful_state_is_found(state: State, staged: Staged, seen: Seen) -> None:
    subjects = about(seen, staged)
    found = findings(subjects)
    said = f"{state.how}\n{told(subjects)}"
    assert set(state.every) <= set(found), f"missing {set(state.every) - set(found)}: {said}"
    assert not state.some or set(state.some) & set(found), f"none of {state.some}: {said}"
    assert not set(state.never) & set(found), f"wrong: {set(state.never) & set(found)}: {said}"
    assert worst(subjects) >= LADDER.index(state.severity), f"below {state.severity}: {said}"
    named = [found[i] for i in (*state.every, *state.some) if i in found]
    techniques = {technique for finding in named for technique in finding["techniques"]}
    assert set(state.techniques) <= techniques, f"techniques {sorted(techniques)}: {said}"


@each(BENIGN)
def test_look_alike_stays_low(state: State, staged: Staged, seen: Seen) -> None:
    subjects = about(seen, staged)
    found = findings(subjects)
    said = f"{state.how}\n{told(subjects)}"
    assert worst(subjects) <= LADDER.index(state.ceiling), f"above {state.ceiling}: {said}"
    assert set(state.every) <= set(found), f"not shown {set(state.every) - set(found)}: {said}"
    assert not set(state.never) & set(found), f"wrong: {set(state.never) & set(found)}: {said}"
    if state.attested:
        assert any(s["benign"] is not None and s["benign"]["reason"] for s in subjects), said


@each(OBSTACLES)
def test_obstacle_is_neither_followed_nor_reported(
    state: State, staged: Staged, seen: Seen
) -> None:
    assert about(seen, staged) == [], state.how


@each(ALL)
def test_staged_thing_was_looked_at(state: State, staged: Staged, seen: Seen) -> None:
    """Silence on a look-alike means something only if it was seen at all."""
    processes, files = recorded(seen)
    if state in OBSTACLES:
        assert (staged.dev, staged.inode) not in files
        return
    assert {staged.pid, *staged.pids} - {None} <= processes
    # The inode of what a process only maps is told to root alone (map_files).
    if staged.inode is not None and (staged.pid is None or os.geteuid() == 0):
        assert (staged.dev, staged.inode) in files
    assert staged.pid is not None or staged.inode is not None


def recorded(seen: Seen) -> tuple[set[int], set[tuple[str, int]]]:
    """The pids, and the devices and inodes of memory files, that the snapshot holds."""
    if not seen.processes:
        for line in seen.snapshot.read_bytes().splitlines():
            record = json.loads(line)
            if record.get("kind") == "process":
                seen.processes.add(record["pid"])
            elif record.get("kind") == "memory-file":
                seen.files.add((record["file"]["dev"], record["file"]["inode"]))
    return seen.processes, seen.files


def test_looking_allocates_nothing(seen: Seen) -> None:
    """Reading a hole through a mapping would fill it: 1 TiB of nothing must stay nothing."""
    sparse = seen.staged.get("sparse-elf")
    assert sparse is None or sparse.path in seen.blocks
    after = {path: os.lstat(path).st_blocks for path in seen.blocks}
    assert after == seen.blocks


def test_the_link_to_a_secret_was_not_followed(seen: Seen) -> None:
    text = seen.snapshot.read_bytes()
    if os.access("/etc/shadow", os.R_OK):
        digest = hashlib.sha256(Path("/etc/shadow").read_bytes()).hexdigest()
        assert digest.encode() not in text
    # Others may mount something over it meanwhile.
    lines = (line for line in text.splitlines() if not line.startswith(b'{"kind":"mount"'))
    assert not any(b'"/etc/shadow"' in line for line in lines)


def test_analyzing_the_saved_snapshot_gives_the_same_report(seen: Seen) -> None:
    again = seen.work / "again.json"
    done = triage("analyze", str(seen.snapshot), "-o", f"json={again}")
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert again.read_bytes() == seen.report_bytes


def test_collecting_to_a_pipe_and_analyzing_tells_the_same_of_staged_states(seen: Seen) -> None:
    """Another collection, so another moment: only staged states are compared."""
    done = triage("collect", "-o", "-")
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    piped = seen.work / "piped.jsonl"
    piped.write_bytes(done.stdout)
    report = seen.work / "piped.json"
    analyzed = triage("analyze", str(piped), "-o", f"json={report}")
    assert analyzed.returncode == 0, analyzed.stderr.decode(errors="replace")
    second = Seen(seen.work, staged=seen.staged, report=json.loads(report.read_bytes()))
    names = [s.name for s in HARMFUL if s.name in seen.staged]
    first_view = {n: sorted(findings(about(seen, seen.staged[n]))) for n in names}
    second_view = {n: sorted(findings(about(second, second.staged[n]))) for n in names}
    assert first_view == second_view


def test_the_terminal_report_holds_no_control_character_of_staged_names(seen: Seen) -> None:
    assert seen.terminal, "no report on standard output"
    control = {byte for byte in seen.terminal if byte < 32 and byte not in (9, 10)}
    assert control == set()
    assert "\u202e".encode() not in seen.terminal


def test_enough_was_staged_to_mean_anything(seen: Seen) -> None:
    """As root on an ordinary kernel most states can be staged; if not, the proof is void."""
    if os.geteuid() != 0:
        pytest.skip("an ordinary user can stage only some of the states")
    harmful = [s.name for s in HARMFUL if s.name in seen.staged]
    look_alikes = [s.name for s in BENIGN if s.name in seen.staged]
    assert seen.broken == {}
    assert len(harmful) >= 25
    assert len(look_alikes) >= 15
