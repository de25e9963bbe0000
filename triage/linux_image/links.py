"""What starts a file, with the file itself, the process that runs it, the records of it, its dump.

A start-up item of a container names paths of the container's own tree: they are compared with the
files of that tree, and with what processes call their executable, which is in their own tree, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from triage.links.ties import Judged, Tie
from triage.model import Artifact, Finding, MemoryFile, Process
from triage.model.linux_image import CoreDump, LogEvent, PersistenceItem
from triage.predicates.persistence import reasons_of
from triage.scene import without_deleted
from triage.subjects import subject_id

_CHAIN = "chain: a start-up item runs a file that lies in a volatile place of this disk"
_RAN = "chain: a start-up item runs from a volatile place, and a record shows that it ran"
_RUNS = "chain: a start-up item runs from a volatile place, and a process runs it now"
_IN_MEMORY = frozenset({
    "exe-in-shm", "exe-in-dev", "exe-in-run", "exe-memfd", "exe-on-memory-fs",
    "exe-deleted-volatile", "script-in-volatile", "script-gone",
})  # fmt: skip
_PROGRAM = frozenset({"file-elf", "file-script", "file-encoded-payload", "file-shellcode"})
_EACH_MAX = 50
_TREE = re.compile(r"/proc/\d+/root(?=/)")


def ties(judged: Sequence[Judged]) -> Iterator[Tie]:
    """Items, files, processes, events and dumps that speak of one path."""
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
    if isinstance(artifact, Process):
        harmful = any(f.indicator in _IN_MEMORY and not f.attested for f in findings)
        return Tie(one, "starts", other, "is started by", _RUNS if harmful else "")
    if isinstance(artifact, MemoryFile):
        program = any(finding.indicator in _PROGRAM for finding in findings)
        return Tie(one, "starts", other, "is started by", _CHAIN if program else "")
    clean = isinstance(artifact, LogEvent) and artifact.first_hand
    return Tie(one, "is recorded in", other, "records", _RAN if clean else "")


def _paths_of(item: PersistenceItem) -> set[str]:
    """The volatile paths that an item runs or loads; in a container's tree under both names."""
    found = {reason.path for reason, _ in reasons_of(item) if reason.path.startswith("/")}
    tree = _TREE.match(item.location.path)
    return found if tree is None else found | {tree[0] + path for path in found}


def _names_of(artifact: Artifact) -> set[str]:
    if isinstance(artifact, MemoryFile):
        return {artifact.name}
    if isinstance(artifact, Process):
        paths = {argument.path for argument in artifact.arguments if argument.script}
        return paths if artifact.exe is None else paths | {without_deleted(artifact.exe)}
    if isinstance(artifact, LogEvent | CoreDump):
        return set() if artifact.exe is None else {without_deleted(artifact.exe)}
    return set()
