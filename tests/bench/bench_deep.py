"""What the looks at code and pipes add to the collection of processes, on a crowd.

Among the sleepers ten have executable memory without a file and ten a private copy of a page of
code: those are looked at in any case; the rest only with ``--deep``. All against the collector of
processes over the same crowd.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from tests.bench.crowd import compiled, crowd
from tests.bench.measure import Line, Taken, call, fact, interleaved
from triage import kernel
from triage.collectors import pipes, process_code, processes
from triage.collectors.host import read_host
from triage.evidence import Root
from triage.model import Artifact, Gap, Process
from triage.scope import Budget, Limits, Scope

_ODD = 10


def bench(directory: Path, size: int, rounds: int) -> Iterator[Line]:
    sleeper = compiled("sleeper", directory)
    plants = ("rwx",) * _ODD + ("patched",) * _ODD
    with crowd(size, sleeper, plants=plants) as them, Root("/") as root:
        plain = _scope(root, Limits())
        found, _ = _run(processes, plain)
        seen = [one for one in found if isinstance(one, Process) and one.pid in set(them.pids)]
        plain = replace(plain, so_far=seen)
        deep = replace(plain, limits=Limits(deep=True))
        asked, asked_deep = _run(process_code, plain)[1], _run(process_code, deep)[1]
        odd = replace(plain, so_far=[p for p in seen if p.pid in set(them.planted.values())])
        taken = interleaved(
            {
                "processes": _timed(processes, plain),
                "code": _timed(process_code, plain),
                "deep": _timed(process_code, deep),
                "odd": _timed(process_code, odd),
                "pipes": _timed(pipes, plain),
                "vdso": lambda: call(lambda: _ask_vdsos(seen)),
            },
            rounds,
        )
    base = taken["processes"]
    yield _share(f"code of {asked} of {size} processes", taken["code"], base, 0.1)
    yield _share("of that, the choice of those", _less(taken["code"], taken["odd"]), base, 0.02)
    yield _share(f"page state of {size} vDSOs", taken["vdso"], base, 0.02)
    yield _share("pipes", taken["pipes"], base, 0.02)
    yield _share(f"--deep: function tables of all {asked_deep}", taken["deep"], base, 3)
    yield fact("processes that are looked at without --deep", asked, f"{_ODD}", asked == _ODD)


def _ask_vdsos(seen: list[Process]) -> None:
    """The one question that the collector of processes asks more of each since there is this look.

    Of this process's own pagemap, as often: the collector has each one's open anyway.
    """
    own = next(
        line for line in Path("/proc/self/maps").read_text().splitlines() if "[vdso]" in line
    )
    start, end = (int(word, 16) for word in own.split()[0].split("-"))
    fd = os.open("/proc/self/pagemap", os.O_RDONLY)
    try:
        for _ in seen:
            kernel.private_pages(fd, start, end)
    finally:
        os.close(fd)


def _scope(root: Root, limits: Limits) -> Scope:
    host = read_host(root, live=True, arguments=())
    return Scope(root=root, live=True, host=host, limits=limits, budget=Budget(limits))


def _run(collector: ModuleType, scope: Scope) -> tuple[list[Artifact | Gap], int]:
    """Everything a collector yields, and how many items it says it examined."""
    found: list[Artifact | Gap] = []
    looking = collector.collect(scope)
    while True:
        try:
            found.append(next(looking))
        except StopIteration as end:
            return found, int(end.value)


def _timed(collector: ModuleType, scope: Scope) -> Callable[[], Taken]:
    return lambda: call(lambda: _run(collector, scope))


def _less(one: Taken, other: Taken) -> Taken:
    return Taken(max(one.wall - other.wall, 0), max(one.cpu - other.cpu, 0))


def _share(what: str, part: Taken, whole: Taken, most: float) -> Line:
    ratio = part.cpu / whole.cpu
    return Line(
        f"{what}, to all processes", part.wall / whole.wall, ratio, f"<= {most:g}", ratio <= most
    )
