"""A snapshot made ready for judging: the same facts, found by pid, inode and namespace."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from functools import lru_cache

from triage.model import FileFacts, MemoryFile, Mount, Process, Snapshot
from triage.records import dataclass

TMPFS_MAGIC = 0x01021994
MEMORY_MAGICS = frozenset({TMPFS_MAGIC, 0x858458F6, 0x958458F6, 0x19800202})
MEMORY_FS_TYPES = frozenset({"tmpfs", "ramfs", "devtmpfs", "hugetlbfs", "mqueue", "rootfs"})
DELETED = " (deleted)"
# Names that only the kernel prints for its own special mappings (arch_vma_name and
# install_special_mapping). "[anon:NAME]" is not among them: any process can set it.
# [uprobes-trampoline]: calls of optimised uprobes, Linux 6.18, arch/x86/kernel/uprobes.c.
KERNEL_MAPPINGS = frozenset(
    {"[vdso]", "[vsyscall]", "[uprobes]", "[uprobes-trampoline]", "[sigpage]", "[vectors]"}
)
#: Stands for a path that the kernel does not tell: see triage.proc.directory.
LONG_PATH = "/[a path of more than 4095 bytes]"


@dataclass(frozen=True, slots=True)
class Scene:
    """Indexes over one snapshot. Built once per analysis, by :func:`build`."""

    snapshot: Snapshot
    processes: MappingOf[int, Process]
    files: MappingOf[tuple[str, int], MemoryFile]
    mounts: MappingOf[int | None, tuple[Mount, ...]]
    mounted_devices: frozenset[str]
    directories: MappingOf[str, tuple[MemoryFile, ...]]
    root_device: str | None = None

    def is_host_root(self, point: str | None, dev: str | None) -> bool:
        """Whether a mount is the root file system of the host itself, which may live in memory.

        In a mount namespace of its own, or after chroot, anything can be mounted on ``/``: where
        it is known what lies at the root of the tool's own namespace, only that counts.
        """
        return point == "/" and self.root_device in (None, dev)

    def beside(self, directory: str) -> tuple[MemoryFile, ...]:
        """The memory files whose names lie directly in a directory."""
        return self.directories.get(directory, ())

    def file_of(self, facts: FileFacts | None) -> MemoryFile | None:
        """The memory file with this inode, when it was collected."""
        return None if facts is None else self.files.get((facts.dev, facts.inode))

    def mount_of(self, namespace: int | None, path: str, dev: str | None = None) -> Mount | None:
        """The mount of a namespace that a path lies on: the longest mount point above it.

        Where ``dev`` is known, only mounts of that device qualify. Of several on the same
        point the last one covers the others.
        """
        best: Mount | None = None
        for mount in self.mounts.get(namespace, ()):
            if dev is not None and mount.dev != dev:
                continue
            if is_below(path, mount.point) and (
                best is None or len(mount.point) >= len(best.point)
            ):
                best = mount
        return best


def build(snapshot: Snapshot) -> Scene:
    """Index a snapshot; of two records with the same key the first counts."""
    processes: dict[int, Process] = {}
    files: dict[tuple[str, int], MemoryFile] = {}
    mounts: dict[int | None, list[Mount]] = {}
    directories: dict[str, list[MemoryFile]] = {}
    for artifact in snapshot.artifacts:
        if isinstance(artifact, Process):
            processes.setdefault(artifact.pid, artifact)
        elif isinstance(artifact, MemoryFile):
            files.setdefault((artifact.file.dev, artifact.file.inode), artifact)
            if artifact.origin in ("mount", "directory"):
                directories.setdefault(artifact.name.rpartition("/")[0], []).append(artifact)
        elif isinstance(artifact, Mount):
            mounts.setdefault(artifact.namespace, []).append(artifact)
    own = dict(snapshot.host.tool_namespaces).get("mnt")
    roots = [m.dev for m in mounts.get(own, ()) if m.point == "/"] if own is not None else []
    return Scene(
        root_device=roots[-1] if roots else None,
        snapshot=snapshot,
        processes=processes,
        files=files,
        mounts={namespace: tuple(found) for namespace, found in mounts.items()},
        mounted_devices=frozenset(m.dev for found in mounts.values() for m in found),
        directories={name: tuple(found) for name, found in directories.items()},
    )


# --- facts that several indicators ask for --------------------------------------------------


def is_below(path: str, directory: str) -> bool:
    """Whether a path is the directory or lies in it, by whole names."""
    return f"{path}/".startswith(directory.rstrip("/") + "/")


def without_deleted(text: str) -> str:
    return text.removesuffix(DELETED)


def in_memory(file: FileFacts | None) -> bool | None:
    """Whether an inode lies on a memory file system, by ``statfs``; ``None`` when unknown."""
    if file is None or file.fs_magic is None:
        return None
    return file.fs_magic in MEMORY_MAGICS


def is_memfd(text: str, file: FileFacts | None, scene: Scene) -> bool:
    """Whether a link leads to a memfd.

    The text is necessary (only the kernel writes ``/memfd:`` there) but a real directory may
    be called that: so the inode must have no link, lie in memory, and on a device that is
    mounted nowhere. Without an inode to ask (a copied ``/proc``) the text has to do.
    """
    if not text.startswith("/memfd:"):
        return False
    if file is None:
        return text.endswith(DELETED)
    nameless = file.nlink == 0 and in_memory(file) is not False
    return nameless and file.dev not in scene.mounted_devices


def is_deleted(text: str, file: FileFacts | None, at_path: str | None) -> bool:
    """Whether the file a link leads to has lost its name.

    A live file may be called ``x (deleted)``: with a link count the text is only a hint.
    """
    if file is None:
        return text.endswith(DELETED)
    if file.nlink == 0:
        return True
    return text.endswith(DELETED) and at_path in ("absent", "other")


# Inner directories before those they lie in.
_PLACES = (
    ("/dev/shm/", "shm"), ("/run/shm/", "shm"), ("/var/lock/", "lock"), ("/run/lock/", "lock"),
    ("/run/", "run"), ("/var/run/", "run"), ("/dev/", "dev"), ("/tmp/", "tmp"),
    ("/var/tmp/", "tmp"),
)  # fmt: skip
_VOLATILE = tuple(directory for directory, _ in _PLACES)


@lru_cache(4096)  # few paths, asked about by many indicators
def volatile_place(path: str) -> str | None:
    """Which of the directories that T1027.011 names (and their kin) a path lies in.

    ``shm``, ``lock``, ``run``, ``dev`` or ``tmp``; ``None`` for everywhere else. ``/run/user/N``
    counts as ``run``. The path must be the kernel's own, from a link or a walk.
    """
    below = f"{path}/"
    if not below.startswith(_VOLATILE):
        return None
    return next(place for directory, place in _PLACES if below.startswith(directory))


def effective_uid(process: Process) -> int | None:
    """The second of the four numbers of the ``Uid:`` line."""
    return process.uids[1] if process.uids is not None and len(process.uids) > 1 else None
