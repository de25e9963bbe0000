"""Something is mounted over the directory of a process.

What it looks for
-----------------
A mount whose mount point is ``/proc/N`` or lies below it, whatever is mounted there.

Why it matters
--------------
An empty directory or another process's directory in that place takes the process out of ``ps``,
``top`` and every tool that reads ``/proc``; its sockets and threads stay without an owner.

What else looks like this
-------------------------
Container runtimes cover files of ``/proc`` itself (``kcore``, ``keys``, ``timer_list``) and lxcfs
covers ``meminfo`` and its like; none covers a number.

How to check by hand
--------------------
``grep -E ' /proc/[0-9]+' /proc/self/mountinfo; umount /proc/N``

References
----------
* https://attack.mitre.org/techniques/T1564/013/
* Atomic Red Team T1036.004 (bind mount over /proc/PID)
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.content.patterns import lazy
from triage.model import Confidence, Evidence, Mount, Severity
from triage.scene import Scene

_PROCESS = lazy(r"^/proc/(\d{1,10})(?:/.*)?$")


def check(mount: Mount, scene: Scene) -> Iterator[Evidence]:
    match = _PROCESS.match(mount.point)
    if match is None:
        return
    covered = scene.processes.get(int(match[1]))
    facts = [f"{mount.fs_type} {mount.root} is mounted over {mount.point}"]
    if covered is not None and covered.status_pid is not None:
        facts.append(f"what shows there is process {covered.status_pid}")
    yield Evidence(tuple(facts), f"grep ' /proc/{match[1]}' /proc/self/mountinfo")


INDICATOR = Indicator(
    id="mount-over-process",
    title="a mount covers the directory of a process",
    family="hiding",
    techniques=("T1564.013",),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=Mount,
    check=check,
    benign_if="nothing benign is known to do this",
    doc=__doc__,
)
