"""Executable memory that is shared and anonymous.

What it looks for
-----------------
Executable mappings whose name is ``/dev/zero (deleted)`` with an inode of the kernel's internal
memory mount (MAP_SHARED and MAP_ANONYMOUS), or an anonymous mapping that is shared.

Why it matters
--------------
Memory that a parent shares with children it forks, and that several processes can run code from,
with one of them writing.

What else looks like this
-------------------------
PHP's opcache with its JIT.

How to check by hand
--------------------
``grep '/dev/zero (deleted)' /proc/PID/maps; ls -l /proc/PID/map_files | grep zero``

References
----------
* https://attack.mitre.org/techniques/T1620/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import SHARED_ANONYMOUS, anonymous, executable, listed, verify
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    found = [
        m for m in executable(process)
        if m.path in SHARED_ANONYMOUS or (anonymous(m) and m.perms[3:] == "s")
    ]  # fmt: skip
    if found:
        yield Evidence(listed(found), verify(process, found[0]))


INDICATOR = Indicator(
    id="memory-shared-anonymous-code",
    title="runs code from shared anonymous memory",
    family="memory",
    techniques=("T1620", "T1055"),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="it is PHP with its opcache JIT, or another runtime that shares compiled code",
    doc=__doc__,
)
