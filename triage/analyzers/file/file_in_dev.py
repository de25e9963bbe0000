"""A regular file lies in /dev.

What it looks for
-----------------
A regular file below ``/dev``, outside ``/dev/shm``, ``/dev/mqueue`` and ``/dev/hugepages``.

Why it matters
--------------
``/dev`` holds device nodes, links and directories. A regular file there is hidden among them.

What else looks like this
-------------------------
Old udev and mdadm kept state in ``/dev/.udev`` and ``/dev/.mdadm``; Kubernetes mounts
``/dev/termination-log`` into containers.

How to check by hand
--------------------
``find /dev -xdev -type f -ls``

References
----------
* https://attack.mitre.org/techniques/T1564/
* Falco "Create files below dev"
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import path_of, place_of, verify, where
from triage.model import Confidence, Evidence, MemoryFile, Severity
from triage.scene import Scene, is_below

_OWN_KIND = ("/dev/mqueue", "/dev/hugepages", "/dev/.udev", "/dev/.mdadm", "/dev/termination-log")


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    path = path_of(item)
    if place_of(item, scene) != "dev" or any(is_below(path, known) for known in _OWN_KIND):
        return
    severity = Severity.LOW if item.file.size == 0 else Severity.MEDIUM
    yield Evidence((where(item), path), verify(item, scene), severity)


INDICATOR = Indicator(
    id="file-in-dev",
    title="a regular file lies among the devices",
    family="place",
    techniques=("T1564", "T1027.011"),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=MemoryFile,
    check=check,
    benign_if="a redirection to a device that does not exist left it there",
    doc=__doc__,
)
