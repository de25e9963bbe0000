"""The WMI repository: permanent subscriptions, classes used as storage, and what was deleted.

And the MOF files from which WMI fills it, or would fill it again. A repository is found below the
root in any letter case (``Windows/System32/wbem/Repository``, ``FS`` on Windows XP, copies left by
repairs), or at the root itself when that is a folder of collected files. What reads them is loaded
only then: it takes longer to load than a live box to look at.
"""

from __future__ import annotations

from collections.abc import Generator

from triage.model import Artifact, Gap, Why
from triage.scope import NotHere, Scope

NAME = "wmi-repository"


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield subscriptions and notable objects; returns how many classes and instances it read."""
    from triage.wmi import places

    folders = places.folders(scope.root)
    wbem = places.mof_folder(scope.root)
    if not folders and wbem is None:
        raise NotHere("no WMI repository")
    if not folders and wbem is not None:
        yield Gap(scope.root.locate(wbem), Why.ABSENT, "no WMI repository, only MOF files")
    from triage.wmi.mof_files import collect_mof
    from triage.wmi.reading import read_repository
    from triage.wmi.registry import autorecover_entries, recoveries, software_of

    software = software_of(scope.root)
    count = 0
    for folder in folders:
        for step in places.read(scope.root, folder):
            if isinstance(step, Gap):
                yield step
            else:
                count += yield from read_repository(scope, step, software)
    listed = () if software is None else autorecover_entries(software)
    if software is not None:
        yield from recoveries(software, listed)
    return count + (yield from collect_mof(scope, listed))
