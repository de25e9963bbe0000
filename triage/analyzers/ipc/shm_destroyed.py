"""A shared memory segment was marked for destruction, and a program without a file holds it.

What it looks for
-----------------
A SysV segment in state ``dest`` (``IPC_RMID`` was called) that is still attached, where a process
that is attached or that made it runs a memfd, a deleted file, or a file in a volatile directory.

Why it matters
--------------
After ``IPC_RMID`` nobody else can attach and the segment ends with its last user: the in-memory
equal of a deleted file that is kept open.

What else looks like this
-------------------------
X11 clients, Qt and Chromium remove their segments right after attaching: that is the recommended
way, so the state alone says nothing. It counts only with what holds it.

How to check by hand
--------------------
``ipcs -m; grep SYSV /proc/PID/maps; ls -l /proc/PID/exe``

References
----------
* shmctl(2), IPC_RMID
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.predicates.kernel_stores import fileless, verify, where
from triage.scene import Scene

_LEAST = 1 << 12


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if item.store != "sysv-shm" or "destroyed" not in item.traits:
        return
    if item.size is None or item.size < _LEAST:
        return
    pids = dict.fromkeys((*(holder.pid for holder in item.holders), *item.pids[:1]))
    for pid in pids:
        reason = fileless(scene.processes.get(pid), scene)
        if reason is not None:
            yield Evidence((where(item), f"pid {pid} uses it; {reason}"), verify(item))
            return


INDICATOR = Indicator(
    id="shm-destroyed",
    title="a removed shared memory segment is held by a program without a file",
    family="store-state",
    techniques=("T1027.011", "T1620"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=IpcObject,
    check=check,
    benign_if="the program was upgraded while it ran, and always works this way",
    doc=__doc__,
)
