"""A mount namespace exists in which no process lives.

What it looks for
-----------------
A mount namespace that only a thread, a descriptor or a bind mount keeps. Its mounts are in no
process's mount table; they were read by a child that entered it, and the files in memory there
were looked at like all others.

Why it matters
--------------
A tmpfs in such a namespace is storage that neither ``mount`` nor a look through ``/proc/PID/root``
shows, and that is a descriptor away for whoever holds it.

What else looks like this
-------------------------
snapd keeps a namespace for each snap by a mount below ``/run/snapd/ns``; Go programs that work in
containers have threads in namespaces of their own for moments; container engines may hold a
descriptor. So it is low; medium where a thread or a descriptor keeps a file system in memory that
no other namespace has.

How to check by hand
--------------------
``nsenter --mount=PLACE findmnt``; ``lsns -t mnt``; ``ls -l /proc/*/fd | grep 'mnt:'``

References
----------
* https://attack.mitre.org/techniques/T1564/
* https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import quoted
from triage.model import Confidence, Evidence, Mount, Severity
from triage.model.kernel_objects import HiddenThing
from triage.scene import MEMORY_FS_TYPES, Scene


def check(item: HiddenThing, scene: Scene) -> Iterator[Evidence]:
    if item.what != "namespace":
        return
    number = item.name[5:-1]
    own = list(_only_there(int(number), scene)) if number.isdecimal() else []
    kept_by = ", ".join(item.seen_by)
    facts = [f"{item.name}: no process lives there; {kept_by} keeps it ({item.location.path})"]
    if own:
        points = ", ".join(mount.point for mount in own[:5])
        facts.append(f"file systems in memory that only it has: {points}")
    severity = Severity.MEDIUM if own and item.seen_by != ("a mount",) else Severity.LOW
    yield Evidence(tuple(facts), f"nsenter --mount={quoted(item.location.path)} findmnt", severity)


def _only_there(namespace: int, scene: Scene) -> Iterator[Mount]:
    elsewhere = {
        m.dev for number, mounts in scene.mounts.items() if number != namespace for m in mounts
    }
    for mount in scene.mounts.get(namespace, ()):
        if mount.fs_type in MEMORY_FS_TYPES and mount.dev not in elsewhere:
            yield mount


INDICATOR = Indicator(
    id="namespace-apart",
    title="a mount namespace in which no process lives",
    family="hiding",
    techniques=("T1564",),
    severity=Severity.LOW,
    confidence=Confidence.STRONG,
    inspects=HiddenThing,
    check=check,
    benign_if="snapd or a container engine keeps it for programs that are not running now",
    doc=__doc__,
)
