"""Ties on a dead disk: what starts a file, the file itself, the records that it ran, its dump."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from triage.model import Artifact, Finding, MemoryFile
from triage.model_linux_image import CoreDump, LogEvent, PersistenceItem
from triage.persistence import reasons_of
from triage.scene import without_deleted
from triage.subjects import subject_id
from triage.ties import Judged, Tie

_CHAIN = "chain: a start-up item runs a file that lies in a volatile place of this disk"
_RAN = "chain: a start-up item runs from a volatile place, and a record shows that it ran"
_PROGRAM = frozenset({"file-elf", "file-script", "file-encoded-payload", "file-shellcode"})
_EACH_MAX = 50


def ties(judged: Sequence[Judged]) -> Iterator[Tie]:
    """Items, files, events and dumps that speak of one path."""
    started: dict[str, list[str]] = {}
    for artifact, _ in judged:
        if isinstance(artifact, PersistenceItem):
            for path in _paths_of(artifact):
                started.setdefault(path, []).append(subject_id(artifact))
    for artifact, findings in judged:
        for path in _names_of(artifact):
            for one in started.get(path, ())[:_EACH_MAX]:
                yield _tie(one, artifact, findings)


def _tie(one: str, artifact: Artifact, findings: tuple[Finding, ...]) -> Tie:
    other = subject_id(artifact)
    if isinstance(artifact, MemoryFile):
        program = any(finding.indicator in _PROGRAM for finding in findings)
        return Tie(one, "starts", other, "is started by", _CHAIN if program else "")
    clean = isinstance(artifact, LogEvent) and artifact.first_hand
    return Tie(one, "is recorded in", other, "records", _RAN if clean else "")


def _paths_of(item: PersistenceItem) -> set[str]:
    """The volatile paths that an item runs or loads."""
    return {reason.path for reason, _ in reasons_of(item) if reason.path.startswith("/")}


def _names_of(artifact: Artifact) -> set[str]:
    if isinstance(artifact, MemoryFile):
        return {artifact.name}
    if isinstance(artifact, LogEvent | CoreDump):
        return set() if artifact.exe is None else {without_deleted(artifact.exe)}
    return set()
