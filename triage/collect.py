"""Run collectors over an evidence tree; the only place with a broad ``except``.

The unit of failure is the record: what a collector found before it failed is kept, and an
unexpected exception becomes a ``Gap`` (``bug``), re-raised under ``--debug`` and in tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from triage import __version__
from triage.collectors import COLLECTORS, Collect
from triage.collectors.host import read_host
from triage.evidence import Root, Unreadable
from triage.model import Artifact, Coverage, Gap, Location, Snapshot, Why
from triage.proc.directory import ProcessTable
from triage.proc.holders import Objects
from triage.scope import Budget, Limits, NotHere, Scope, Tally

Progress = Callable[[str, int], None]


def now() -> str:
    """The wall clock in UTC, RFC 3339 to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


INTERRUPTED = "interrupted by the user; what came after was not looked at"


def has_kernel(root: Root) -> bool:
    """Whether the tree's ``/proc`` is the running kernel's own."""
    try:
        with ProcessTable(root) as table:
            return table.genuine
    except Unreadable:
        return False


def _silent(_: str, __: int) -> None:
    """Nobody is watching."""


def collect(
    root: Root,
    *,
    kind: str,
    limits: Limits | None = None,
    collectors: Sequence[tuple[str, Collect]] = COLLECTORS,
    arguments: tuple[str, ...] = (),
    clock: Callable[[], str] = now,
    progress: Progress = _silent,
    debug: bool = False,
) -> Snapshot:
    """Everything the collectors see in one tree. Raises only under ``debug``.

    ``kind`` is ``live`` or ``image``, as the user called it. Whether the kernel may be asked is
    another matter, which the tree's own ``/proc`` decides: a fixture is not this machine.
    Ctrl-C ends the collection, not the report.
    """
    limits = limits or Limits()
    collection, root = _whole_and_system(root, kind)
    live = has_kernel(root)
    started = clock()
    artifacts: list[Artifact] = []
    gaps: list[Gap] = list(root.remarks())
    coverage: list[Coverage] = []
    scope = Scope(
        root=root,
        live=live,
        host=read_host(root, live=live, arguments=arguments),
        limits=limits,
        budget=Budget(limits),
        so_far=artifacts,
        collection=collection,
        objects=Objects(artifacts),
    )
    for name, run in collectors:
        progress(name, 0)
        scope.budget.next_collector()
        mine = replace(scope, progress=lambda done, name=name: progress(name, done))  # type: ignore[misc]
        coverage.append(_run(name, run, mine, artifacts, gaps, debug))
        if coverage[-1].detail == INTERRUPTED:
            break
    if scope.budget.skipped:
        detail = f"{scope.budget.skipped} contents got only a brief look: the time for more was up"
        gaps.append(Gap(Location(root.path), Why.TIMEOUT, detail))
    if collection is not None:
        root.close()
    return Snapshot(
        tool_version=__version__,
        root_kind=kind,
        root_path=root.path,
        started_at=started,
        finished_at=clock(),
        host=scope.host,
        artifacts=tuple(artifacts),
        gaps=tuple(gaps),
        coverage=tuple(coverage),
    )


def _whole_and_system(root: Root, kind: str) -> tuple[Root | None, Root]:
    """Of a UAC collection the whole and the system's files in it; of others only the tree."""
    if kind != "image":
        return None, root
    from triage.linux_image.uac import system_root

    inner = system_root(root)
    return (None, root) if inner is None else (root, inner)


def _run(
    name: str,
    run: Collect,
    scope: Scope,
    artifacts: list[Artifact],
    gaps: list[Gap],
    debug: bool,
) -> Coverage:
    """One collector to its end or its failure; appends to the two lists as it goes."""
    begun = time.perf_counter()
    had = len(artifacts), len(gaps)
    examined, applied, detail = 0, True, ""
    steps = run(scope)
    try:
        while True:
            step = next(steps)
            if isinstance(step, Gap):
                gaps.append(step)
            else:
                artifacts.append(step)
    except StopIteration as end:
        if isinstance(end.value, Tally):
            examined, detail = end.value.examined, end.value.detail
        else:
            examined = end.value or 0
    except NotHere as reason:
        applied, detail = False, str(reason)
    except KeyboardInterrupt:
        detail = INTERRUPTED
        gaps.append(Gap(Location(scope.root.path), Why.TIMEOUT, f"{name} was {INTERRUPTED}"))
    except Exception as error:
        if debug:
            raise
        what = f"{name} stopped on an error of its own: {type(error).__name__}: {error}"
        gaps.append(Gap(Location(scope.root.path), Why.BUG, what))
        detail = "stopped early"
    return Coverage(
        collector=name,
        applied=applied,
        examined=examined,
        artifacts=len(artifacts) - had[0],
        gaps=len(gaps) - had[1],
        seconds=round(time.perf_counter() - begun, 3),
        detail=detail,
    )
