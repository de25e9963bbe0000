"""The executable was deleted, and had lain in a volatile directory.

What it looks for
-----------------
A process whose executable has lost its name and whose path was in ``/dev/shm``, ``/run``,
``/var/lock``, ``/tmp``, ``/var/tmp`` or elsewhere on a memory file system.

Why it matters
--------------
Dropped where nothing stays, started, unlinked: the usual order of a dropper that wants its
payload to live in the process only.

What else looks like this
-------------------------
Self-extracting bundles (PAR, some backup agents, updaters) run from ``/tmp`` and delete their
copy; those lie on disk or in /tmp, never in shared memory.

How to check by hand
--------------------
``ls -l /proc/PID/exe; sha256sum /proc/PID/exe; tr '\\0' '\\n' < /proc/PID/environ``

References
----------
* https://attack.mitre.org/techniques/T1070/004/
* https://attack.mitre.org/techniques/T1027/011/
* https://github.com/tclahr/uac/issues/65
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
    if exe is None or is_memfd(exe, file, scene):
        return
    place = volatile_place(without_deleted(exe))
    if place is None and in_memory(file) is not True:
        return
    if not is_deleted(exe, file, process.exe_at_path):
        return
    facts = [f"exe -> {exe}"]
    severity = Severity.HIGH
    if place in ("shm", "lock", "dev") or (place != "tmp" and in_memory(file) is True):
        severity = Severity.CRITICAL
    if process.exe_at_path == "other":
        facts.append("another file lies at that path now")
        severity = Severity.HIGH if severity is Severity.CRITICAL else Severity.MEDIUM
    confidence = Confidence.WEAK if file is None else Confidence.STRONG
    verify = f"stat -L /proc/{process.pid}/exe; sha256sum /proc/{process.pid}/exe"
    yield Evidence(tuple(facts), verify, severity, confidence)


INDICATOR = Indicator(
    id="exe-deleted-volatile",
    title="its executable was deleted from a volatile place",
    family="deletion",
    techniques=("T1070.004", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a self-extracting bundle or updater that you know unpacked itself to /tmp",
    doc=__doc__,
)
