"""Login records of an image: who was logged in when, and logs of it that somebody altered."""

from __future__ import annotations

from collections.abc import Generator

from triage.model import Artifact, Gap
from triage.scope import NotHere, Scope

NAME = "logins"


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a LoginLog for each file and a LoginSession for each login; returns the records."""
    from triage.linux_image.logins import Logins, uids_of
    from triage.linux_image.tree import Tree

    tree = Tree(scope.root)
    logins = Logins(tree, uids_of(tree.raw("etc/passwd", 4 << 20) or b""))
    yield from logins.read()
    yield from tree.gaps
    if not logins.records:
        raise NotHere("no login records")
    return logins.records
