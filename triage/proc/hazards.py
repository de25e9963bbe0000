"""Places that may block for ever: file systems that somebody else answers for.

A dead NFS server or a stopped FUSE daemon lets every look-up below its mount point hang in the
kernel, where nothing can break it; an autofs mount point tries to mount something. So nothing
below such a mount point is looked up by path, and the file system itself is asked nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from triage.evidence import decode
from triage.parsers import Malformed
from triage.parsers.procfs import MountLine, parse_mount_line

FS_TYPES = (
    "nfs", "cifs", "smb", "fuse", "9p", "ceph", "afs", "gluster", "lustre", "beegfs", "ocfs",
    "autofs", "virtiofs", "davfs", "ncp", "coda", "orangefs", "gfs",
)  # fmt: skip
# The same by statfs (linux/magic.h): FUSE, NFS, SMB, CIFS, SMB2, 9P, Ceph, AFS, Coda, autofs.
MAGICS = frozenset({
    0x65735546, 0x6969, 0x517B, 0xFF534D42, 0xFE534D42, 0x01021997, 0x00C36400, 0x5346414F,
    0x73757245, 0x0187,
})  # fmt: skip


def is_hazard(fs_type: str) -> bool:
    return fs_type.startswith(FS_TYPES)


def _hazards(mountinfo: bytes) -> list[MountLine]:
    found = []
    for raw in mountinfo.split(b"\n"):
        try:
            line = parse_mount_line(raw)
        except Malformed:
            continue
        if is_hazard(decode(line.fs_type)):
            found.append(line)
    return found


def points(mountinfo: bytes) -> tuple[str, ...]:
    """The mount points that may block."""
    return tuple(decode(line.point) for line in _hazards(mountinfo))


def devices(mountinfo: bytes) -> frozenset[int]:
    """The device numbers that may block, as ``stat`` gives them."""
    return _numbers(line.dev for line in _hazards(mountinfo))


def all_devices(mountinfo: bytes) -> frozenset[int]:
    """All device numbers of a mount table."""
    fields = (raw.split(b" ", 3) for raw in mountinfo.split(b"\n"))
    return _numbers(decode(field[2]) for field in fields if len(field) == 4)


def _numbers(texts: Iterable[str]) -> frozenset[int]:
    found = set()
    for text in texts:
        major, _, minor = text.partition(":")
        try:
            found.add(os.makedev(int(major), int(minor)))
        except (ValueError, OverflowError):
            continue
    return frozenset(found)


def may_block(path: str, hazards: tuple[str, ...]) -> bool:
    """Whether a path lies on or below one of the mount points."""
    return any(f"{path}/".startswith(point.rstrip("/") + "/") for point in hazards)
