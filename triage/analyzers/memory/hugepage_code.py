"""Executable memory on anonymous huge pages.

What it looks for
-----------------
Executable mappings named ``/anon_hugepage (deleted)``: MAP_ANONYMOUS with MAP_HUGETLB.

Why it matters
--------------
Scanners that look for anonymous mappings by inode 0 pass it by, for it has an inode and a name.

What else looks like this
-------------------------
Runtimes that move their own code to huge pages (some builds of Node, HHVM and large C++ servers).

How to check by hand
--------------------
``grep anon_hugepage /proc/PID/maps``

References
----------
* https://docs.kernel.org/admin-guide/mm/hugetlbpage.html
* https://attack.mitre.org/techniques/T1620/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import HUGE, executable, listed, verify
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    found = [m for m in executable(process) if m.path in HUGE]
    if found:
        yield Evidence(listed(found), verify(process, found[0]))


INDICATOR = Indicator(
    id="memory-hugepage-code",
    title="runs code from anonymous huge pages",
    family="memory",
    techniques=("T1620",),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the program is known to remap its own code to huge pages",
    doc=__doc__,
)
