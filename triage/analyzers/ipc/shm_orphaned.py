"""A shared memory segment is kept that nobody is attached to.

What it looks for
-----------------
A SysV segment of at least 64 KiB with no process attached, whose creator has ended. Nobody but a
later ``shmat`` gets at its content, and we do not attach.

Why it matters
--------------
A segment outlives every process until it is removed or the box restarts: a payload or loot can
wait in it without a process and without a file.

What else looks like this
-------------------------
Databases and X programs that crashed leave segments behind; Oracle, SAP and Zabbix have large
ones, with processes attached. So the severity is low.

How to check by hand
--------------------
``ipcs -m -p; ipcs -m -t; ipcs -m -i SHMID``

References
----------
* sysvipc(7), shmctl(2)
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.kernel_stores import verify, where
from triage.model import Confidence, Evidence, Severity
from triage.model_kernel_objects import IpcObject
from triage.scene import Scene

_LEAST = 1 << 16


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if item.store != "sysv-shm" or "orphaned" not in item.traits:
        return
    if item.size is None or item.size < _LEAST:
        return
    creator = item.pids[0] if item.pids else 0
    if creator in scene.processes:  # not attached at the moment; its maker is there to use it
        return
    facts = (where(item), f"created by pid {creator}, which has ended; nobody is attached")
    yield Evidence(facts, verify(item))


INDICATOR = Indicator(
    id="shm-orphaned",
    title="a shared memory segment without any user",
    family="store-state",
    techniques=("T1027.011",),
    severity=Severity.LOW,
    confidence=Confidence.WEAK,
    inspects=IpcObject,
    check=check,
    benign_if="a program that crashed or was stopped left it behind",
    doc=__doc__,
)
