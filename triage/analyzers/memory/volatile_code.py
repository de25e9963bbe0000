"""A library or code is mapped from shared memory or another memory file system.

What it looks for
-----------------
Executable mappings of a named file whose inode lies on tmpfs or its kin, or whose path is in
shared memory, other than the process's own executable and other than memfds.

Why it matters
--------------
A shared object in ``/dev/shm``, preloaded or opened, is code that is gone at the next boot.

What else looks like this
-------------------------
``/tmp`` on tmpfs, where builds run their results and Java unpacks native libraries: low there for
ordinary users. Hosts whose root is in memory are not reported.

How to check by hand
--------------------
``grep -E ' r.x' /proc/PID/maps | grep -E '/dev/shm|/run|/tmp'; findmnt -t tmpfs``

References
----------
* https://attack.mitre.org/techniques/T1574/006/
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import executable, is_memfd_mapping, listed, verify
from triage.model import Confidence, Evidence, Mapping, Process, Severity
from triage.scene import (
    Scene,
    effective_uid,
    in_memory,
    is_below,
    volatile_place,
    without_deleted,
)

_KERNEL_OBJECTS = ("/memfd:", "/SYSV", "/dev/zero", "/anon_hugepage", "/drm mm object", "/dev/dri")


def _volatile(mapping: Mapping, process: Process, scene: Scene) -> bool:
    if not mapping.path.startswith("/"):
        return False
    if mapping.path.startswith(_KERNEL_OBJECTS) or is_memfd_mapping(mapping, scene):
        return False
    path = without_deleted(mapping.path)
    if volatile_place(path) in ("shm", "run", "lock", "dev"):
        return True
    if in_memory(mapping.file) is not True or mapping.file is None:
        return False
    mount = scene.mount_of(process.namespace("mnt"), path, mapping.file.dev)
    return mount is None or mount.point != "/"


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    found = [
        m for m in executable(process) if m.path != process.exe and _volatile(m, process, scene)
    ]
    if not found:
        return
    severity = Severity.HIGH
    if all(is_below(without_deleted(m.path), "/tmp") for m in found):
        uid = effective_uid(process)
        severity = Severity.LOW if uid is not None and uid >= 1000 else Severity.MEDIUM
    yield Evidence(listed(found), verify(process, found[0]), severity)


INDICATOR = Indicator(
    id="memory-volatile-code",
    title="runs code mapped from shared or volatile memory",
    family="memory",
    techniques=("T1574.006", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a build or a runtime that you know unpacked its native library there",
    doc=__doc__,
)
