"""Memory files that wait for a thorough look until the cheap one was given to all.

Each is held by a descriptor of ours, so that what is looked at again is the same inode.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Generator
from dataclasses import replace

from triage.evidence import facts_of_fd, reopen_regular
from triage.model import Artifact, Content, FileFacts, Gap, MemoryFile
from triage.reader import look
from triage.scope import Scope
from triage.thorough import Waiting, gaps_of, look_again, rank_of

_FOR_OTHERS = 0.5  # of the time for thorough looks: what processes hold comes after this
_HELD_FIRST, _HELD_MOST = 256, 16384


def look_at(scope: Scope, handle: int) -> tuple[FileFacts, Content]:
    """The facts and the content of the file behind an O_PATH descriptor. Raises OSError."""
    fd = reopen_regular(handle)
    try:
        facts = facts_of_fd(fd)
        return facts, look(fd, facts.size, scope.limits, scope.budget)
    finally:
        os.close(fd)


class WaitingFiles:
    """The files that wait for a thorough look, each held by a descriptor of ours."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._files: list[MemoryFile] = []
        self._handles: list[int] = []
        self._most = _HELD_FIRST

    def put(self, file: MemoryFile, handle: int) -> Generator[Artifact | Gap]:
        self._files.append(file)
        self._handles.append(os.dup(handle))
        if len(self._files) == _HELD_FIRST:
            self._most = _room_for_descriptors()
        if len(self._files) >= self._most:
            yield from self.all()

    def all(self) -> Generator[Artifact | Gap]:
        """The same files, looked at as thoroughly as the time allows."""
        budget = self._scope.budget
        waiting = [self._waiting(index) for index in range(len(self._files))]
        brief, budget.brief = budget.brief, False
        try:
            missed = look_again(waiting, budget, _FOR_OTHERS)
        finally:
            budget.brief = brief
            for handle in self._handles:
                os.close(handle)
        yield from self._files
        yield from gaps_of(missed)
        self._files, self._handles = [], []

    def _waiting(self, index: int) -> Waiting:
        file = self._files[index]
        assert file.content is not None
        executed = any(h.how == "exe" or "x" in h.how[-4:] for h in file.holders)
        place = posixpath.dirname(file.location.path)
        return Waiting(
            rank_of(file.file, executed), place, file.content, lambda: self._again(index)
        )

    def _again(self, index: int) -> Content | None:
        file = self._files[index]
        self._scope.budget.give_back(file.content)
        try:
            _, content = look_at(self._scope, self._handles[index])
        except OSError:
            return None
        self._files[index] = replace(file, content=content)
        return content


def _room_for_descriptors() -> int:
    """How many descriptors may be held, once the soft limit of this process is raised."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _HELD_MOST if hard == resource.RLIM_INFINITY else min(hard, _HELD_MOST)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(wanted - _HELD_FIRST, _HELD_FIRST)
