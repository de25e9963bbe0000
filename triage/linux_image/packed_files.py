"""Files in volatile places of an archive: what a walk of a directory tree finds on a disk."""

from __future__ import annotations

import os
import re
from collections.abc import Generator

from triage.evidence import Unreadable
from triage.evidence.packed import PackedRoot
from triage.model import Artifact, Gap, MemoryFile, Why
from triage.reader import look
from triage.scope import Scope

_COPIED = re.compile(r"[^/]+/\d{1,10}/(?:status|stat|cmdline|maps)$")


def memory_files(
    scope: Scope, places: tuple[str, ...], origin: str
) -> Generator[Artifact | Gap, None, int]:
    """A MemoryFile for each regular file below the places; returns how many there were."""
    root = scope.root
    assert isinstance(root, PackedRoot)
    seen: set[int] = set()
    count = 0
    for place in places:
        try:
            paths = list(root.files_below(place))
        except Unreadable:
            continue
        for path in paths[: scope.limits.files]:
            count += 1
            yield from _file(scope, root, path, origin, seen)
        if len(paths) > scope.limits.files:
            detail = "too many entries; the rest was not walked"
            yield Gap(root.locate(place), Why.TRUNCATED, detail)
    return count


def _file(
    scope: Scope, root: PackedRoot, path: str, origin: str, seen: set[int]
) -> Generator[Artifact | Gap]:
    facts = root.facts(path, follow=False)
    if facts.inode in seen:
        return
    seen.add(facts.inode)
    location = root.locate(path)
    content = None
    try:
        fd = root.open(path, follow=False)
        try:
            content = look(fd, os.fstat(fd).st_size, scope.limits, scope.budget)
        finally:
            os.close(fd)
    except Unreadable as error:
        yield error.gap
    except OSError as error:
        yield Gap(location, Why.REFUSED, f"content not read: {error.strerror}")
    yield MemoryFile(location, origin, location.path, facts, content=content)


def copied_kernel_files(root: PackedRoot, place: str) -> bool:
    """Whether somebody copied the kernel's own files there: a collection, not a disk."""
    try:
        if place == "sys":
            names = root.names(place)
            return "kernel" in names and "module" in names
        return any(_COPIED.match(path) for path in root.files_below(place))
    except Unreadable:
        return False
