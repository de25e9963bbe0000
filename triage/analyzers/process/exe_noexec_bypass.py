"""The executable lies on a mount that forbids execution.

What it looks for
-----------------
A process whose executable's inode lies on a mount that is flagged ``noexec`` in the process's own
mount table.

Why it matters
--------------
The kernel refuses to execute from there: the program was started some other way (through the
dynamic loader, from another mount of the same file system), or the flag came later.

What else looks like this
-------------------------
The mount was hardened with ``noexec`` while the process was running.

How to check by hand
--------------------
``readlink /proc/PID/exe; grep noexec /proc/PID/mountinfo``

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene, is_memfd, without_deleted


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    exe, file = process.exe, process.exe_file
    if exe is None or file is None or is_memfd(exe, file, scene):
        return
    mount = scene.mount_of(process.namespace("mnt"), without_deleted(exe), file.dev)
    if mount is None or "noexec" not in mount.options:
        return
    facts = (f"exe -> {exe}", f"{mount.point} ({mount.fs_type}) is mounted noexec")
    verify = f"readlink /proc/{process.pid}/exe; grep noexec /proc/{process.pid}/mountinfo"
    yield Evidence(facts, verify)


INDICATOR = Indicator(
    id="exe-noexec-bypass",
    title="runs from a mount that forbids execution",
    family="bypass",
    techniques=("T1620", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the mount was given noexec after the process was started",
    doc=__doc__,
)
