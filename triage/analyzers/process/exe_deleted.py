"""The executable was deleted, and nothing else lies at its path.

What it looks for
-----------------
A process whose executable's inode has no name any more (link count 0 through the link), on disk,
with nothing at the same path in the process's own root directory.

Why it matters
--------------
A program that deletes itself after the start leaves no file to find; its bytes remain readable
through ``/proc/PID/exe`` for as long as it runs.

What else looks like this
-------------------------
Package upgrades replace the file: then the path exists with another inode, which is
``exe-replaced``. Self-updating desktop programs and removed packages leave real deletions.

How to check by hand
--------------------
``ls -l /proc/PID/exe; cp /proc/PID/exe /mnt/evidence/; stat -Lc %h /proc/PID/exe``

References
----------
* https://attack.mitre.org/techniques/T1070/004/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import (
    Scene,
    in_memory,
    is_deleted,
    is_memfd,
    volatile_place,
    without_deleted,
)


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    exe, file = process.exe, process.exe_file
    if exe is None or is_memfd(exe, file, scene) or in_memory(file) is True:
        return
    if not is_deleted(exe, file, process.exe_at_path) or process.exe_at_path in ("other", "same"):
        return
    if volatile_place(without_deleted(exe)) is not None:
        return
    facts = [f"exe -> {exe}"]
    if process.exe_at_path == "absent":
        facts.append("nothing lies at that path now")
    confidence = Confidence.WEAK if file is None else Confidence.STRONG
    verify = f"stat -L /proc/{process.pid}/exe; sha256sum /proc/{process.pid}/exe"
    yield Evidence(tuple(facts), verify, confidence=confidence)


INDICATOR = Indicator(
    id="exe-deleted",
    title="its executable was deleted",
    family="exe",
    techniques=("T1070.004",),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="its package was removed or updated itself since the process was started",
    doc=__doc__,
)
