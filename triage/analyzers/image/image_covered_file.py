"""A file lies on the disk itself, where a running system mounts something over it.

What it looks for
-----------------
A regular file that is not empty below ``/proc``, ``/sys``, ``/dev/shm``, ``/run/shm`` or
``/dev/mqueue`` of an image: on the disk itself, under the mount point. High for programs and
scripts, medium for others.

Why it matters
--------------
On the running system the file cannot be seen: the mount covers it. It was put there before the
mount, or through a bind mount of the root directory.

What else looks like this
-------------------------
Empty placeholder files of container images; device nodes that debootstrap leaves. Directories are
silent.

How to check by hand
--------------------
``ls -la`` of the place below the image's root

References
----------
* https://attack.mitre.org/techniques/T1564/
* https://refspecs.linuxfoundation.org/FHS_3.0/fhs/index.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import verify
from triage.content.kinds import family
from triage.model import Confidence, Evidence, MemoryFile, Severity
from triage.scene import Scene, in_memory

_COVERED = ("/dev/shm/", "/run/shm/", "/dev/mqueue/", "/proc/", "/sys/")
_PROGRAMS = frozenset({"executable", "script", "bytecode"})


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    # In a collection of UAC the files of shared memory were read on the running system.
    collected = scene.snapshot.root_path.endswith("/[root]")
    # A tree with processes is a running system, or a copy of its /proc.
    on_image = item.origin == "directory" and not scene.processes and not collected
    if item.origin != "covered" and not on_image:
        return
    if not item.name.startswith(_COVERED) or item.file.size == 0 or in_memory(item.file) is True:
        return
    kind = "" if item.content is None else item.content.kind
    program = family(kind) in _PROGRAMS if kind else False
    owner = f"{item.file.size} bytes, owner uid {item.file.uid}"
    facts = ("it lies on the disk itself, under a mount point", owner)
    yield Evidence(facts, verify(item, scene), Severity.HIGH if program else Severity.MEDIUM)


INDICATOR = Indicator(
    id="image-covered-file",
    title="a file lies under a mount point",
    family="hidden",
    techniques=("T1564",),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=MemoryFile,
    check=check,
    benign_if="the disk is a container layer or was made by a tool that left the file there",
    doc=__doc__,
)
