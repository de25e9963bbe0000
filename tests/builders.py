"""Small pieces of evidence for tests: each builder gives a plausible thing, arguments bend it.

The devices stand for one invented box: a disk, a ``/dev/shm``, a ``/run``, a ``/tmp`` and the
kernel's internal mount, on which memfds, SysV segments and shared anonymous memory lie.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from triage.model import (
    Artifact,
    Confidence,
    Content,
    Coverage,
    FileFacts,
    Finding,
    Gap,
    Host,
    Location,
    Mapping,
    MemoryFile,
    Mount,
    Process,
    Severity,
    Snapshot,
)

DISK, SHM, RUN, TMP, INTERNAL = "8:1", "0:25", "0:24", "0:33", "0:1"
EXT4_MAGIC, TMPFS_MAGIC, RAMFS_MAGIC = 0xEF53, 0x01021994, 0x858458F6
MNT = 4026531841
SEALED = 0x0F
SHA_A, SHA_B = "a" * 64, "b" * 64
CODE = 0x55D0_0000_0000
LIBRARY = 0x7F10_0000_0000


def disk_file(inode: int = 1234, **more: Any) -> FileFacts:
    """A program on disk, root's."""
    return replace(FileFacts(DISK, inode, 0o100755, 1, 0, 0, 154_000, fs_magic=EXT4_MAGIC), **more)


def memory_inode(dev: str = SHM, inode: int = 7, **more: Any) -> FileFacts:
    """A regular file on a tmpfs."""
    return replace(
        FileFacts(dev, inode, 0o100644, 1, 1000, 1000, 20_000, fs_magic=TMPFS_MAGIC), **more
    )


def memfd_inode(inode: int = 1027, seals: int = 0, **more: Any) -> FileFacts:
    """A memfd: no link, on a device that is mounted nowhere."""
    return memory_inode(INTERNAL, inode, nlink=0, mode=0o100777, seals=seals, **more)


def mapping(path: str, perms: str = "r-xp", inode: int = 1234, **more: Any) -> Mapping:
    """A mapping at an address that looks like a program's."""
    start = more.pop("start", CODE)
    size = more.pop("size", 0x5000)
    dev = more.pop("dev", "00:00" if inode == 0 else DISK)
    return Mapping(start, start + size, perms, 0, dev, inode, path, **more)


def process(pid: int = 4242, exe: str | None = "/usr/bin/sleep", **more: Any) -> Process:
    """A process as a root run on a live box would record it; it runs from disk."""
    given: dict[str, Any] = {
        "status_pid": pid,
        "tgid": pid,
        "ppid": 1,
        "comm": "sleep",
        "state": "S",
        "kthread": False,
        "uids": (1000, 1000, 1000, 1000),
        "gids": (1000, 1000, 1000, 1000),
        "start_ticks": 5000,
        "start_time": "2026-01-01T00:00:50Z",
        "cmdline": ("sleep", "1000"),
        "environ": (),
        "exe": exe,
        "exe_file": disk_file(),
        "exe_mapped": True,
        "cwd": "/",
        "root": "/",
        "namespaces": (("mnt", MNT), ("pid", 4026531836)),
        "mappings": (mapping(exe or ""),),
        "map_count": 22,
        "descriptors": (),
    }
    return Process(location=Location(f"/proc/{pid}"), pid=pid, **(given | more))


def content(kind: str = "elf", **more: Any) -> Content:
    """What some bytes are: a whole, small program unless told otherwise."""
    given: dict[str, Any] = {"size": 20_000, "examined": 20_000, "sha256": SHA_A, "entropy": 5.9}
    return Content(kind=kind, **(given | more))


def memory_file(name: str, **more: Any) -> MemoryFile:
    """A file on ``/dev/shm``, or wherever the arguments say."""
    given: dict[str, Any] = {
        "location": Location(name),
        "origin": "mount",
        "file": memory_inode(),
        "fs_type": "tmpfs",
        "mount_point": "/dev/shm",
        "mount_namespace": MNT,
        "content": content(),
    }
    return MemoryFile(name=name, **(given | more))


def mount(point: str, dev: str, fs_type: str, options: str = "rw,relatime", **more: Any) -> Mount:
    """One line of mountinfo."""
    number = more.pop("mount_id", 20 + len(point))
    given: dict[str, Any] = {
        "namespace": MNT,
        "mount_id": number,
        "parent_id": 20,
        "dev": dev,
        "root": "/",
        "point": point,
        "options": tuple(options.split(",")),
        "fs_type": fs_type,
        "source": fs_type,
        "super_options": ("rw",),
    }
    return Mount(location=Location("/proc/1/mountinfo", f"line {number}"), **(given | more))


def mounts(root_options: str = "rw,relatime") -> tuple[Mount, ...]:
    """The mount table of the invented box."""
    return (
        mount("/", DISK, "ext4", root_options),
        mount("/run", RUN, "tmpfs", "rw,nosuid,nodev"),
        mount("/dev/shm", SHM, "tmpfs", "rw,nosuid,nodev"),
    )


def snapshot(*artifacts: Artifact, **more: Any) -> Snapshot:
    """A whole snapshot around some artifacts."""
    given: dict[str, Any] = {
        "tool_version": "0.1.0",
        "root_kind": "live",
        "root_path": "/",
        "started_at": "2026-01-02T00:00:00Z",
        "finished_at": "2026-01-02T00:00:03Z",
        "host": Host(hostname="box", kernel="6.1.0", clock_ticks=100, page_size=4096),
        "coverage": (Coverage("processes", True, len(artifacts), len(artifacts)),),
    }
    return Snapshot(artifacts=artifacts, **(given | more))


def gap(path: str, why: Any, detail: str = "") -> Gap:
    return Gap(Location(path), why, detail)


def finding(
    severity: Severity = Severity.HIGH,
    family: str = "exe",
    confidence: Confidence = Confidence.STRONG,
    **more: Any,
) -> Finding:
    """One finding; its indicator's name is made of its family."""
    given: dict[str, Any] = {
        "indicator": f"{family}-{severity.value}",
        "title": "a title",
        "techniques": ("T1620",),
        "location": Location("/proc/4242"),
        "evidence": ("a fact",),
    }
    return Finding(family=family, severity=severity, confidence=confidence, **(given | more))
