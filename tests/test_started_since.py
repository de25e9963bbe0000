"""Processes that start while the others are looked at."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from triage.collectors import processes
from triage.evidence import Root
from triage.model import Host, Process
from triage.proc.directory import ProcessTable
from triage.scope import Budget, Limits, Scope

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def looked_at(kept: int, monkeypatch: pytest.MonkeyPatch, hidden_for: int) -> list[int]:
    """The pids of the records, where the first listings lack one process (others left out)."""
    listings = iter(range(1000))

    def listed(table: ProcessTable) -> list[int]:
        return [1, kept] if next(listings) >= hidden_for else [1]

    monkeypatch.setattr(ProcessTable, "pids", listed)
    limits = Limits()
    scope = Scope(Root("/"), True, Host(), limits, Budget(limits))
    with scope.root:
        return [one.pid for one in processes.collect(scope) if isinstance(one, Process)]


@pytest.mark.parametrize("hidden_for", [0, 1])
def test_what_started_meanwhile_is_looked_at_once(
    hidden_for: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen(["sleep", "1000"]) as child:
        try:
            found = looked_at(child.pid, monkeypatch, hidden_for)
        finally:
            child.kill()
    assert found.count(child.pid) == 1


def test_a_process_that_starts_others_without_end_is_left_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def ask(table: ProcessTable, pid: int, scope: Scope) -> Iterator[Process]:
        asked.append(pid)
        return iter(())

    monkeypatch.setattr(processes, "collect_one", ask)
    numbers = iter(range(1, 10**6))
    monkeypatch.setattr(ProcessTable, "pids", lambda table: [next(numbers) for _ in range(500)])
    scope = Scope(Root("/"), True, Host(), Limits(), Budget(Limits()))
    with scope.root:
        list(processes.collect(scope))
    assert 500 < len(asked) <= 500 + 3 * 64
