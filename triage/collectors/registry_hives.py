"""The Registry: every hive of a Windows image, what is stored in it and what loads that.

Found below the root in any letter case (a mounted disk, folders that KAPE, Velociraptor and others
collect, loose hives), by content and not by name. What reads them is loaded only then: it takes
longer to load than a live box to look at.
"""

from __future__ import annotations

from collections.abc import Generator

from triage.model import Artifact, Gap
from triage.scope import NotHere, Scope, Tally

NAME = "registry"


def collect(scope: Scope) -> Generator[Artifact | Gap, None, Tally]:
    """Yield stores, keys and autostarts; returns how many values it read, and what was benign."""
    from triage.registry import places

    files = places.hive_files(scope.root)
    if not files:
        raise NotHere("no registry hive")
    from triage.registry.image import read_hives

    return (yield from read_hives(scope, files))
