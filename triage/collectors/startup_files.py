"""Files from which a Windows image starts something: tasks, startup folders, profiles of shells.

Scheduled tasks (``System32/Tasks``, held against the task cache of the Registry), startup folders
and shortcuts with what they lead to, scripts of group policy, profiles of PowerShell. The judge is
that of the Registry's autostarts; the items are of the same kind.
"""

from __future__ import annotations

from collections.abc import Generator

from triage.model import Artifact, Gap
from triage.scope import NotHere, Scope

NAME = "startup-files"


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield what files start; returns how many files it looked at."""
    from triage.registry import places
    from triage.startup.files import profiles, start_files

    found, _ = places.bases(scope.root)
    files = list(start_files(scope.root, found))
    if not files:
        raise NotHere("no tasks, startup folders or profiles of shells")
    from triage.startup.reading import read_files

    return (yield from read_files(scope, files, profiles(scope.root, found)))
