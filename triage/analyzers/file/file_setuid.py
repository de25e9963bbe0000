"""A set-user-id or set-group-id file lies in memory.

What it looks for
-----------------
A regular file with the set-uid bit, or the set-gid bit and the execute permission, in a memory
file system or a run-time directory.

Why it matters
--------------
Whoever executes it becomes its owner: a root shell that is gone at the next boot.

What else looks like this
-------------------------
NixOS keeps its wrappers in ``/run/wrappers``, root's alone (low). Where the mount is ``nosuid``
the bit has no effect (medium).

How to check by hand
--------------------
``find /dev/shm /run /tmp -xdev -perm /6000 -ls``

References
----------
* https://attack.mitre.org/techniques/T1548/001/
"""

from __future__ import annotations

import stat
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import path_of, place_of, verify, where
from triage.model import Confidence, Evidence, MemoryFile, Severity
from triage.predicates.run_programs import keeper_of
from triage.scene import Scene


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    mode = item.file.mode
    set_gid = mode & stat.S_ISGID and mode & stat.S_IXGRP
    if not mode & stat.S_ISUID and not set_gid:
        return
    if place_of(item, scene) is None:
        return
    severity = Severity.CRITICAL if mode & stat.S_ISUID else Severity.HIGH
    facts = [where(item), f"mode {stat.filemode(mode)}"]
    mount = scene.mount_of(item.mount_namespace, path_of(item), item.file.dev)
    if keeper_of(path_of(item), item.file, scene) is not None:
        severity = Severity.LOW
    elif mount is not None and "nosuid" in mount.options:
        facts.append(f"{mount.point} is mounted nosuid, so the bit has no effect there")
        severity = Severity.MEDIUM
    yield Evidence(tuple(facts), verify(item, scene), severity)


INDICATOR = Indicator(
    id="file-setuid",
    title="a set-user-id file in volatile storage",
    family="permission",
    techniques=("T1548.001", "T1027.011"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=MemoryFile,
    check=check,
    benign_if="the distribution itself keeps its set-uid wrappers there (NixOS)",
    doc=__doc__,
)
