"""What is not in the tree: deleted, behind other data, only after replay or only before it."""

from __future__ import annotations

import random
from pathlib import Path

from tests.content.payloads import pe
from tests.regf.builder import Loose, build, transaction
from tests.registry.seeds import BASES, RUN, USER_PATH, Plant, looked_at, tree
from triage.analyze import analyze
from triage.model import Report, Severity

_PE = pe(random.Random(6))


def report_of(folder: Path, data: bytes, *logs: tuple[str, bytes]) -> Report:
    file = folder / USER_PATH
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    for ending, log in logs:
        file.with_name(file.name + ending).write_bytes(log)
    return analyze(looked_at(folder))


def states(report: Report) -> set[tuple[str, str]]:
    """(state, indicator) of every finding."""
    return {(str(dict(s.facts)["state"]), f.indicator) for s in report.subjects for f in s.findings}


def test_a_deleted_program_is_found_and_marked(tmp_path: Path) -> None:
    plants = [Plant("Software\\X", "v", _PE, removed=True), Plant("Software\\X", "w", "stays")]
    report = report_of(tmp_path, build(tree(plants, BASES[USER_PATH])))
    assert ("deleted", "registry-program") in states(report)
    told = [line for s in report.subjects for f in s.findings for line in f.evidence]
    assert any("it was deleted" in line for line in told)


def test_a_deleted_loader_is_found(tmp_path: Path) -> None:
    line = r'mshta javascript:new ActiveXObject("WScript.Shell").Run("x")'
    plants = [
        Plant(RUN, "gone", line, key={"removed": True}),
        Plant("Software\\X", "w", "stays"),
    ]
    report = report_of(tmp_path, build(tree(plants, BASES[USER_PATH])))
    found = {state for state, _ in states(report)}
    assert "deleted" in found
    assert max(s.score for s in report.subjects) >= Severity.HIGH.points - 3


def test_a_program_behind_the_data_of_another_cell(tmp_path: Path) -> None:
    plants = [Plant("Software\\X", "v", "an ordinary text", slack=_PE)]
    report = report_of(tmp_path, build(tree(plants, BASES[USER_PATH])))
    assert ("slack", "registry-program") in states(report)


def test_a_program_in_a_cell_that_nothing_leads_to(tmp_path: Path) -> None:
    loose = [Loose(_PE, allocated=True)]
    report = report_of(tmp_path, build(tree([], BASES[USER_PATH]), loose=loose))
    assert ("orphan", "registry-program") in states(report)


def test_what_the_log_brings_and_what_it_removes(tmp_path: Path) -> None:
    kept = Plant("Software\\Keep", "k", "an ordinary text")
    before = build(tree([kept], BASES[USER_PATH]), pad=1 << 16)
    after = build(tree([kept, Plant("Software\\New", "v", _PE)], BASES[USER_PATH]), pad=1 << 16)
    dirty, log = transaction(before, after)
    brought = report_of(tmp_path / "a", dirty, (".LOG1", log))
    assert ("replayed", "registry-program") in states(brought)
    dirty, log = transaction(after, before)
    removed = report_of(tmp_path / "b", dirty, (".LOG1", log))
    assert {state for state, name in states(removed) if name == "registry-program"} & {
        "unreplayed", "deleted", "orphan", "slack"
    }  # fmt: skip


def test_a_dirty_hive_without_its_log_is_a_gap(tmp_path: Path) -> None:
    before = build(tree([], BASES[USER_PATH]), pad=1 << 16)
    after = build(tree([Plant("Software\\New", "v", "x")], BASES[USER_PATH]), pad=1 << 16)
    report = report_of(tmp_path, transaction(before, after)[0])
    assert any("write was not ended" in gap.detail for gap in report.gaps)
