"""Which processes hold what: which inode, and which object that is no file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from triage.model import Artifact, FileFacts, Holder, Process


class Hold(NamedTuple):
    """One way to reach an inode: ``name`` is the magic link below ``/proc/PID``."""

    pid: int
    how: str
    name: str
    text: str
    file: FileFacts


class Objects:
    """Descriptors that lead to no file, gathered once for all who ask: a box has many.

    ``so_far`` may grow between questions.
    """

    __slots__ = ("_found", "_seen", "_so_far")

    def __init__(self, so_far: Sequence[Artifact]) -> None:
        self._so_far = so_far
        self._seen = 0
        self._found: dict[str, list[tuple[Process, int, str]]] = {}

    def of(self, kind: str) -> Sequence[tuple[Process, int, str]]:
        """(process, number, link text) of those whose link reads ``KIND:…``: ``pipe``, ``mnt``."""
        for process in self._so_far[self._seen :]:
            if isinstance(process, Process):
                for fd, target in process.descriptors or ():
                    if target[:1] != "/":
                        before = target.partition(":")[0]
                        self._found.setdefault(before, []).append((process, fd, target))
        self._seen = len(self._so_far)
        return self._found.get(kind, ())


def holds(so_far: Sequence[Artifact]) -> Iterator[Hold]:
    """Every hold of an inode that was looked at, in the order of the processes."""
    for process in so_far:
        if not isinstance(process, Process):
            continue
        pid = process.pid
        if process.exe is not None and process.exe_file is not None:
            yield Hold(pid, "exe", "exe", process.exe, process.exe_file)
        if process.cwd is not None and process.cwd_file is not None:
            yield Hold(pid, "cwd", "cwd", process.cwd, process.cwd_file)
        for held in process.open_files:
            if held.file is not None:
                yield Hold(pid, f"fd {held.fd}", f"fd/{held.fd}", held.target, held.file)
        for mapping in process.mappings or ():
            if mapping.file is not None:
                place = f"{mapping.start:x}-{mapping.end:x}"
                how = f"map {place} {mapping.perms}"
                yield Hold(pid, how, f"map_files/{place}", mapping.path, mapping.file)


def by_inode(so_far: Sequence[Artifact]) -> dict[tuple[str, int], list[Hold]]:
    """The same, gathered by (device, inode)."""
    found: dict[tuple[str, int], list[Hold]] = {}
    for hold in holds(so_far):
        found.setdefault((hold.file.dev, hold.file.inode), []).append(hold)
    return found


def as_holders(found: Sequence[Hold]) -> tuple[Holder, ...]:
    """Without repetition, as the model has it; at most a hundred are named."""
    return tuple(dict.fromkeys(Holder(hold.pid, hold.how) for hold in found))[:100]
