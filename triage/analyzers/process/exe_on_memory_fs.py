"""The executable lies on some other memory file system.

What it looks for
-----------------
A process whose executable's inode is on tmpfs, ramfs or hugetlbfs by ``statfs``, anywhere but the
places that have an indicator of their own, and is no memfd. The mount is named from the mount
table of the process's own namespace. Also an executable on an overlay whose real file lies in
memory, as the kernel's page flags tell, wherever the overlay's upper directory is said to be.

Why it matters
--------------
A tmpfs can be mounted on any path, also in a private mount namespace that no other process sees.

What else looks like this
-------------------------
``/tmp`` is a tmpfs on many distributions, and builds run there; diskless hosts and live systems
have their root on one; containers are given memory volumes, and some have their root on an overlay
in memory (medium). Root on memory is not reported, /tmp comes out low or medium.

How to check by hand
--------------------
``stat -Lf /proc/PID/exe; grep -w "$(stat -Lc %Hd:%Ld /proc/PID/exe)" /proc/PID/mountinfo``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import PROGRAM, severity_in
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import (
    Scene,
    effective_uid,
    in_memory,
    is_below,
    is_memfd,
    volatile_place,
    without_deleted,
)


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    exe, file = process.exe, process.exe_file
    if exe is None or file is None:
        return
    if in_memory(file) is not True:
        yield from _on_overlay(process, exe, scene)
        return
    if is_memfd(exe, file, scene):
        return
    path = without_deleted(exe)
    if volatile_place(path) in ("shm", "run", "lock", "dev"):
        return
    mount = scene.mount_of(process.namespace("mnt"), path, file.dev)
    point = None if mount is None else mount.point
    if scene.is_host_root(point, file.dev):
        return
    severity = Severity.HIGH
    if is_below(path, "/tmp"):
        uid = effective_uid(process)
        severity = Severity.LOW if uid is not None and uid >= 1000 else Severity.MEDIUM
    where = f"{mount.fs_type} mounted on {point}" if mount is not None else "a memory file system"
    facts = (f"exe -> {exe}", f"its inode lies on {where}")
    yield Evidence(facts, f"stat -Lf /proc/{process.pid}/exe", severity)


def _on_overlay(process: Process, exe: str, scene: Scene) -> Iterator[Evidence]:
    found = scene.file_of(process.exe_file)
    if found is None or found.origin != "overlay":
        return
    severity = severity_in(PROGRAM, found, scene)
    if severity is not None:
        point = found.mount_point or "a place that is mounted nowhere now"
        facts = (f"exe -> {exe}", f"the overlay on {point} keeps its bytes in memory")
        yield Evidence(facts, f"stat -Lf /proc/{process.pid}/exe", severity)


INDICATOR = Indicator(
    id="exe-on-memory-fs",
    title="runs from a memory file system",
    family="exe",
    techniques=("T1027.011",),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the mount is a build directory or a container's memory volume that you know",
    doc=__doc__,
)
