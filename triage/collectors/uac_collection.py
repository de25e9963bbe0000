"""What a UAC collection says of the processes that ran: listings taken on the live system.

The files of the system, which UAC puts below ``[root]``, are the other collectors' to read.
"""

from __future__ import annotations

from collections.abc import Generator

from triage.model import Artifact, Gap, Why
from triage.scope import NotHere, Scope

NAME = "uac-listings"
_NAMED = 200


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a LogEvent for each notable process; returns how many files were read."""
    if scope.collection is None:
        raise NotHere("not a UAC collection")
    from triage.linux_image import uac, uac_processes
    from triage.linux_image.tree import Tree

    tree = Tree(scope.collection)
    yield from uac_processes.processes(tree, scope.limits, scope.budget)
    inner = Tree(scope.root)
    missing = [path for path in uac.volatile_names(tree) if inner.facts(path) is None]
    for path in missing[:_NAMED]:
        detail = "the body file names it, but it was not collected: what it holds is not known"
        yield Gap(scope.root.locate(path), Why.ABSENT, detail)
    yield from tree.gaps
    return tree.read
