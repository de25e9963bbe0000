"""A program from memory runs where the root file system is read-only.

What it looks for
-----------------
A process whose root mount is read-only in its own mount table while its executable is a memfd or
lies on a memory file system.

Why it matters
--------------
A read-only root is meant to keep foreign programs out. T1027.011 names exactly this: fileless
storage gets round it.

What else looks like this
-------------------------
A container runtime's sealed clone of itself, for the moment in which it enters a container with a
read-only root; ``sealed-clone`` attests it.

How to check by hand
--------------------
``readlink /proc/PID/exe; awk '$5 == "/"' /proc/PID/mountinfo``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene, in_memory, is_memfd, without_deleted


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    exe, file = process.exe, process.exe_file
    if exe is None or file is None or in_memory(file) is not True:
        return
    namespace = process.namespace("mnt")
    top = scene.mount_of(namespace, "/")
    if top is None or "ro" not in top.options:
        return
    home = scene.mount_of(namespace, without_deleted(exe), file.dev)
    if not is_memfd(exe, file, scene) and home is not None and home.point == "/":
        return
    facts = (f"exe -> {exe}", f"/ ({top.fs_type}) is mounted read-only for this process")
    verify = f"readlink /proc/{process.pid}/exe; grep ' / / ' /proc/{process.pid}/mountinfo"
    yield Evidence(facts, verify)


INDICATOR = Indicator(
    id="exe-readonly-root",
    title="runs from memory under a read-only root",
    family="bypass",
    techniques=("T1027.011", "T1620"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a container runtime's sealed clone of itself, on its way into a container",
    doc=__doc__,
)
