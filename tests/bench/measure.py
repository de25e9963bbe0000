"""Taking times: interleaved rounds, medians, and ratios, which are all that is told of them.

CPU time (user and system) stands next to the wall clock: on a machine with other work to do the
wall clock says more about the others.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds that something took: on the wall, and of the processor."""

    wall: float
    cpu: float


def call(work: Callable[[], object]) -> Taken:
    """The time of a call in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Taken(time.perf_counter() - wall, time.process_time() - cpu)


def command(words: Sequence[str], expected: int = 0) -> Taken:
    """The time of a whole command, from its start to its end; its output goes nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, target) for target in (0, 1)]
    begun = time.perf_counter()
    pid = os.posix_spawnp(words[0], words, os.environ, file_actions=actions)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - begun
    os.close(null)
    code = os.waitstatus_to_exitcode(status)
    if code != expected:
        raise RuntimeError(f"{' '.join(words)} ended with {code}")
    return Taken(wall, used.ru_utime + used.ru_stime)


def interleaved(work: Mapping[str, Callable[[], Taken]], rounds: int) -> dict[str, Taken]:
    """Medians over rounds; in each round everything has its turn, after one turn to warm up."""
    for take in work.values():
        take()
    taken: dict[str, list[Taken]] = {name: [] for name in work}
    for number in range(rounds):
        names = list(work)
        for name in names if number % 2 == 0 else reversed(names):
            taken[name].append(work[name]())
    return {
        name: Taken(statistics.median(t.wall for t in all_), statistics.median(t.cpu for t in all_))
        for name, all_ in taken.items()
    }


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the result: a ratio, what was promised of it, and whether it was kept."""

    what: str
    wall: float
    cpu: float
    goal: str
    kept: bool


def at_most(what: str, ours: Taken, floor: Taken, times: float) -> Line:
    """``ours`` may take ``times`` times what ``floor`` takes (by CPU time)."""
    ratio = ours.cpu / floor.cpu
    return Line(what, ours.wall / floor.wall, ratio, f"<= {times:g}", ratio <= times)


def at_least(what: str, other: Taken, ours: Taken, times: float) -> Line:
    """``ours`` is to be at least ``times`` times faster than ``other`` (by CPU time)."""
    ratio = other.cpu / ours.cpu
    return Line(what, other.wall / ours.wall, ratio, f">= {times:g}", ratio >= times)


def fact(what: str, value: float, goal: str, kept: bool) -> Line:
    """Something counted, not timed."""
    return Line(what, value, value, goal, kept)


def table(lines: Sequence[Line]) -> str:
    """The lines as a table in Markdown."""
    head = "| measured | wall | CPU | goal | kept |\n|---|---|---|---|---|\n"
    return head + "\n".join(
        f"| {n.what} | {n.wall:.3g} | {n.cpu:.3g} | {n.goal} | {'yes' if n.kept else 'NO'} |"
        for n in lines
    )
