"""The whole command ``triage live -o json=…``, start-up and report included, against the floor.

``collect`` and ``analyze`` alone stand beside it, to show where the time goes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.crowd import compiled, crowd
from tests.bench.measure import Line, Taken, at_most, command, fact, interleaved


def bench(directory: Path, size: int, rounds: int) -> Iterator[Line]:
    floor, sleeper = compiled("floor", directory), compiled("sleeper", directory)
    report, snapshot = directory / "report.json", directory / "box.triage.jsonl"
    to_json = ["-q", "--force", "-o", f"json={report}"]

    def run(*words: str) -> Taken:
        return command([sys.executable, "-c", "from triage.cli import main; main()", *words])

    with crowd(size, sleeper) as them:
        work = {
            "floor": lambda: command([str(floor)]),
            "live": lambda: run("live", *to_json),
            "collect": lambda: run("collect", "-q", "--force", "-o", str(snapshot)),
            "analyze": lambda: run("analyze", str(snapshot), *to_json),
        }
        run("collect", "-q", "--force", "-o", str(snapshot))
        taken = interleaved(work, rounds)
        run("live", *to_json)
    yield at_most(f"triage live, {size} processes, to C", taken["live"], taken["floor"], 6)
    for part in ("collect", "analyze"):
        yield _share(f"of that, triage {part} alone", taken[part], taken["floor"])
    subjects = {s["facts"].get("pid"): s for s in json.loads(report.read_bytes())["subjects"]}
    found = sum(pid in subjects for pid in them.planted.values())
    yield fact("planted processes that the report names", found, ">= 5", found >= 5)
    false = sum(pid in subjects for pid in set(them.pids) - set(them.planted.values()))
    yield fact("plain sleepers that the report names", false, "0", false == 0)


def _share(what: str, part: Taken, floor: Taken) -> Line:
    return Line(what, part.wall / floor.wall, part.cpu / floor.cpu, "-", True)
