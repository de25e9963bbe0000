"""Executable SysV shared memory.

What it looks for
-----------------
Executable mappings named ``/SYSV…`` whose inode lies on the kernel's internal memory mount.

Why it matters
--------------
A SysV segment lives on without any process, has no path, and can be attached by whoever knows the
key. Nothing ordinary runs code from one.

What else looks like this
-------------------------
None known.

How to check by hand
--------------------
``grep SYSV /proc/PID/maps; cat /proc/sysvipc/shm``

References
----------
* https://man7.org/linux/man-pages/man2/shmat.2.html
* https://attack.mitre.org/techniques/T1620/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import executable, listed, verify
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene, in_memory


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    found = [
        m for m in executable(process)
        if m.path.startswith("/SYSV") and (m.file is None or in_memory(m.file) is not False)
    ]  # fmt: skip
    if found:
        yield Evidence(listed(found), verify(process, found[0]))


INDICATOR = Indicator(
    id="memory-sysv-code",
    title="runs code from SysV shared memory",
    family="memory",
    techniques=("T1620", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="no ordinary program does this; ask whoever wrote it",
    doc=__doc__,
)
