"""The executable lies on a file system that a program serves (FUSE).

What it looks for
-----------------
A process whose executable's device is that of a FUSE mount in its own mount namespace.

Why it matters
--------------
What such a file holds is whatever the serving program says at that moment: it may exist in that
program's memory only, and be another the next time somebody reads it. So it is not read here.

What else looks like this
-------------------------
AppImages, snaps in containers, sshfs, gvfs, NTFS disks, rootless containers (fuse-overlayfs) and
editors of shared folders all run programs from FUSE: low. For root it is medium, unless the mount
is a disk's (fuseblk), a snap's or a container's root; high where the serving program itself runs
without a file that stays.

How to check by hand
--------------------
``findmnt -t fuse; ls -l /proc/*/fd | grep /dev/fuse``: who serves the mount, and from where

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://docs.kernel.org/filesystems/fuse.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Mount, Process, Severity
from triage.predicates.kernel_stores import fileless
from triage.scene import Scene, effective_uid

_MAGIC = 0x65735546  # FUSE_SUPER_MAGIC, fs/fuse/inode.c
_ORDINARY = ("fuseblk", "fuse.snapfuse", "fuse.fuse-overlayfs", "fuse.lxcfs")


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    file = process.exe_file
    if file is None or process.exe is None or file.fs_magic not in (None, _MAGIC):
        return  # what may block is asked nothing, so that its file system is not known
    mounts = scene.mounts.get(process.namespace("mnt"), ())
    mount = next((m for m in mounts if m.dev == file.dev and m.fs_type.startswith("fuse")), None)
    if mount is None:
        return
    facts = [f"exe -> {process.exe}", f"{mount.fs_type} ({mount.source}) on {mount.point}"]
    severity = Severity.LOW
    if effective_uid(process) == 0 and mount.point != "/" and mount.fs_type not in _ORDINARY:
        severity = Severity.MEDIUM
    reason = _odd_server(mount, scene)
    if reason is not None:
        facts.append(reason)
        severity = Severity.HIGH
    yield Evidence(tuple(facts), "findmnt -t fuse; ls -l /proc/*/fd | grep /dev/fuse", severity)


def _odd_server(mount: Mount, scene: Scene) -> str | None:
    """Why one of the programs that serve FUSE mounts of this namespace is no ordinary one."""
    for process in scene.processes.values():
        if process.namespace("mnt") != mount.namespace:
            continue
        if any(target == "/dev/fuse" for _, target in process.descriptors or ()):
            reason = fileless(process, scene)
            if reason is not None:
                return f"pid {process.pid} serves a FUSE mount here, and {reason}"
    return None


INDICATOR = Indicator(
    id="exe-on-fuse",
    title="runs from a file system that a program serves",
    family="exe",
    techniques=("T1027.011",),
    severity=Severity.LOW,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the mount is an AppImage, a remote directory or a shared folder that you know",
    doc=__doc__,
)
