"""The whole command ``triage live -o json=…``, start-up and report included, against the floor.

``collect`` and ``analyze`` alone stand beside it, to show where the time goes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.crowd import compiled, crowd
from tests.bench.measure import Line, Taken, at_most, command, fact, interleaved


def bench(directory: Path, size: int, rounds: int) -> Iterator[Line]:
    yield from _plain(directory, size, rounds)
    yield from _planted(directory, size, max(3, rounds // 2))


def _plain(directory: Path, size: int, rounds: int) -> Iterator[Line]:
    """Sleepers alone: what a box without a fileless thing costs."""
    floor, sleeper = compiled("floor", directory), compiled("sleeper", directory)
    report, snapshot = directory / "report.json", directory / "box.triage.jsonl"
    with crowd(size, sleeper) as them:
        work = {"floor": lambda: command([str(floor)])} | _commands(report, snapshot)
        work["collect"]()
        taken = interleaved(work, rounds)
        named = _named(report) & set(them.pids)
    yield at_most(f"triage live, {size} processes, to C", taken["live"], taken["floor"], 6)
    for part in ("collect", "analyze"):
        yield _share(f"of that, triage {part} alone", taken[part], taken["floor"])
    yield fact("sleepers that the report names", len(named), "0", not named)


def _planted(directory: Path, size: int, rounds: int) -> Iterator[Line]:
    """The same with six fileless ones among them: contents are examined, twins looked for."""
    floor, sleeper = compiled("floor", directory), compiled("sleeper", directory)
    report, snapshot = directory / "report.json", directory / "box.triage.jsonl"
    with crowd(size, sleeper, plant=True) as them:
        work = {"floor": lambda: command([str(floor)])}
        work["live"] = _commands(report, snapshot)["live"]
        taken = interleaved(work, rounds)
        named = _named(report) & set(them.pids)
    planted = set(them.planted.values())
    yield _share("triage live with six planted, to C", taken["live"], taken["floor"])
    # A memfd that is only held, and empty, is no finding on its process but on the file.
    yield fact("planted that the report names", len(named & planted), ">= 5", len(named) >= 5)
    others = named - planted
    yield fact("other sleepers that it names", len(others), "0", not others)


def _commands(report: Path, snapshot: Path) -> dict[str, Callable[[], Taken]]:
    to_json = ["-q", "--force", "-o", f"json={report}"]

    def run(*words: str) -> Taken:
        return command([sys.executable, "-m", "triage", *words])

    return {
        "live": lambda: run("live", *to_json),
        "collect": lambda: run("collect", "-q", "--force", "-o", str(snapshot)),
        "analyze": lambda: run("analyze", str(snapshot), *to_json),
    }


def _named(report: Path) -> set[int]:
    """The pids of the subjects of a report."""
    subjects = json.loads(report.read_bytes())["subjects"]
    return {s["facts"]["pid"] for s in subjects if "pid" in s["facts"]}


def _share(what: str, part: Taken, floor: Taken) -> Line:
    return Line(what, part.wall / floor.wall, part.cpu / floor.cpu, "-", True)
