"""Core dumps on an image: a crash writes a process's memory down, payload and all."""

from __future__ import annotations

from collections.abc import Generator

from triage.model import Artifact, Gap, Why
from triage.scope import NotHere, Scope

NAME = "core-dumps"
_MOST = 500


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a CoreDump for each core file; returns how many files were looked at."""
    from triage.linux_image import dumps
    from triage.linux_image.tree import Tree

    tree = Tree(scope.root)
    count = 0
    for path in dumps.paths(tree):
        count += 1
        if count > _MOST:
            yield Gap(
                tree.locate(path), Why.TRUNCATED, "too many core files; this and more not read"
            )
            break
        found = dumps.read(tree, path, scope)
        if found is not None:
            yield found
        scope.progress(count)
    if not count:
        raise NotHere("no core files")
    return count
