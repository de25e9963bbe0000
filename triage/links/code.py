"""A process and what a closer look at its code found belong together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from triage.links.ties import Judged, Tie, harmful_of
from triage.model import Process, Severity
from triage.model.code import CodeLook
from triage.subjects import subject_id

_CHAIN = "chain: memory that no file backs, and code of the process that was led there"


def ties(judged: Sequence[Judged]) -> Iterator[Tie]:
    """Every look with its process, where both drew findings."""
    processes = {a.pid: a for a in harmful_of(judged) if isinstance(a, Process)}
    for artifact, findings in judged:
        if isinstance(artifact, CodeLook) and artifact.pid in processes:
            worst = max(finding.severity.points for finding in findings)
            chain = _CHAIN if worst >= Severity.HIGH.points and artifact.slots else ""
            one = subject_id(processes[artifact.pid])
            yield Tie(one, "runs", subject_id(artifact), "is code of", chain)
