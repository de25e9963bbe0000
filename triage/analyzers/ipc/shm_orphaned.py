"""A shared memory segment is kept that nobody is attached to.

What it looks for
-----------------
A SysV segment of at least 64 KiB with no process attached, whose creator has ended; from 4 KiB on
where the kernel says that something was written to it. Nobody but a later ``shmat`` gets at its
content, and we do not attach, which would change its times. Root's, with something in it, and whose
last user has ended too, is medium.

Why it matters
--------------
A segment outlives every process until it is removed or the box restarts: a payload or loot can
wait in it without a process and without a file.

What else looks like this
-------------------------
Databases and X programs that crashed leave segments behind; Oracle, SAP and Zabbix have large
ones, with processes attached. So the severity is low for everybody but root.

How to check by hand
--------------------
``ipcs -m -p; ipcs -m -t; ipcs -m -i SHMID``. To read it is to attach to it (``shmat`` with
``SHM_RDONLY``): note its times before

References
----------
* sysvipc(7), shmctl(2)
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.predicates.kernel_stores import verify, where
from triage.scene import Scene

_LEAST, _LEAST_USED = 1 << 16, 1 << 12


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if item.store != "sysv-shm" or "orphaned" not in item.traits:
        return
    used = int(item.fact("used") or 0)
    if item.size is None or item.size < (_LEAST_USED if used else _LEAST):
        return
    creator = item.pids[0] if item.pids else 0
    if creator in scene.processes:  # not attached at the moment; its maker is there to use it
        return
    facts = [where(item), f"created by pid {creator}, which has ended; nobody is attached"]
    severity = Severity.LOW
    if used:
        facts.append(f"{used} bytes of it were written; they cannot be read without attaching")
        alive = any(pid in scene.processes for pid in item.pids)
        severity = Severity.MEDIUM if item.uid == 0 and not alive else Severity.LOW
    yield Evidence(tuple(facts), verify(item), severity)


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
