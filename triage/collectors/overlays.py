"""Programs and libraries that run from an overlay, and whose bytes lie in memory.

An overlay's upper directory may lie on a tmpfs that was detached since: then no path leads to what
runs, and its own file system says that it is an overlay. Asked of the executables of processes that
run from an overlay, and of the code mapped from one whose free space is that of no mounted disk:
the free space that an overlay tells is its upper layer's (ovl_statfs).
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

from triage.evidence import Unreadable, facts_of_fd, why_of
from triage.model import (
    Artifact,
    Content,
    FileFacts,
    Gap,
    Location,
    Mapping,
    MemoryFile,
    Mount,
    Process,
)
from triage.proc.directory import ProcessDir, ProcessTable
from triage.proc.hazards import is_hazard, may_block
from triage.proc.holders import Hold, as_holders
from triage.scene import MEMORY_FS_TYPES
from triage.scope import NotHere, Scope

NAME = "overlays"
_MAGIC = 0x794C7630  # OVERLAYFS_SUPER_MAGIC, linux/magic.h
_ASKED_MAX = 4096


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a MemoryFile (``overlay``) for each such file; returns how many were asked."""
    wanted = _by_inode(scope)
    if not wanted:
        raise NotHere("nothing runs from an overlay")
    with ProcessTable(scope.root) as table:
        for holds in list(wanted.values())[:_ASKED_MAX]:
            yield from _one(scope, table, holds)
    return len(wanted)


_Held = tuple[Process, Mapping | None]


def _by_inode(scope: Scope) -> dict[tuple[str, int], list[_Held]]:
    """What to ask about, by inode: executables, and code of overlays that are on no known disk."""
    found: dict[tuple[str, int], list[_Held]] = {}
    processes = [a for a in scope.so_far if isinstance(a, Process)]
    for process in processes:
        file = process.exe_file
        if file is not None and file.fs_magic == _MAGIC:
            found.setdefault((file.dev, file.inode), []).append((process, None))
    overlays = [a for a in scope.so_far if isinstance(a, Mount) and a.fs_type == "overlay"]
    devices = _odd_devices(scope, overlays) if overlays else frozenset()
    if devices:
        for process in processes:
            for mapping in process.mappings or ():
                if mapping.dev in devices and mapping.executable and mapping.path != process.exe:
                    found.setdefault((mapping.dev, mapping.inode), []).append((process, mapping))
    return found


def _odd_devices(scope: Scope, overlays: list[Mount]) -> frozenset[str]:
    """The devices of overlays whose upper layer is on none of the disks that are mounted here."""
    own = dict(scope.host.tool_namespaces).get("mnt")
    mounts = [a for a in scope.so_far if isinstance(a, Mount)]
    hazards = tuple(m.point for m in mounts if is_hazard(m.fs_type))
    safe = [m for m in mounts if not may_block(m.point, hazards)]
    disks = {_identity(m.point) for m in safe if m.namespace == own and _is_disk(m)} - {None}
    return frozenset(m.dev for m in overlays if _identity(_path_to(m, own)) not in disks)


def _is_disk(mount: Mount) -> bool:
    return not (
        mount.fs_type in MEMORY_FS_TYPES or mount.fs_type == "overlay" or is_hazard(mount.fs_type)
    )


def _path_to(mount: Mount, own: int | None) -> str:
    """Where a mount is reached from here: through somebody who lives in its namespace."""
    if mount.namespace == own:
        return mount.point
    return f"{mount.location.path.removesuffix('/mountinfo')}/root{mount.point}"


def _identity(path: str) -> int | None:
    try:
        return os.statvfs(path).f_fsid or None
    except OSError:
        return None


def _one(scope: Scope, table: ProcessTable, holds: list[_Held]) -> Iterator[Artifact | Gap]:
    process, mapping = holds[0]
    name = "exe" if mapping is None else f"map_files/{mapping.start:x}-{mapping.end:x}"
    location = Location(f"{table.label}/proc/{process.pid}/{name}")
    try:
        with table.open(process.pid) as directory, directory.opened(name) as fd:
            if not _in_memory(scope, directory, process, mapping, fd):
                return
            from triage.reader import look

            facts = facts_of_fd(fd)
            content = look(fd, facts.size, scope.limits, scope.budget)
    except Unreadable as error:
        yield error.gap
        return
    except OSError as error:
        yield Gap(location, why_of(error), f"content not read: {error.strerror}")
        return
    yield _record(scope, location, holds, facts, content)


def _in_memory(
    scope: Scope, directory: ProcessDir, process: Process, mapping: Mapping | None, fd: int
) -> bool:
    """Whether the real file lies in memory: it has no place on a disk, and its pages say so."""
    from triage.linux.backing import has_extents, is_memory_only

    if has_extents(fd) is not False:
        return False
    page = scope.host.page_size or os.sysconf("SC_PAGE_SIZE")
    inode = os.fstat(fd).st_ino
    mine = [mapping] if mapping else [m for m in process.mappings or () if m.inode == inode]
    with directory.pseudo_file("pagemap") as pagemap:
        return any(is_memory_only(pagemap, m.start, m.end, page) for m in mine)


def _record(
    scope: Scope, location: Location, holds: list[_Held], facts: FileFacts, content: Content
) -> MemoryFile:
    process, mapping = holds[0]
    text = (process.exe or "") if mapping is None else mapping.path
    devices = {facts.dev} | {m.dev for p, _ in holds for m in p.mappings or () if m.path == text}
    mount = next(
        (
            m for m in scope.so_far
            if isinstance(m, Mount) and m.fs_type == "overlay" and m.dev in devices
            and m.namespace == process.namespace("mnt")
        ),
        None,
    )  # fmt: skip
    found = [
        Hold(p.pid, "exe" if m is None else f"map {m.start:x}-{m.end:x} {m.perms}", "", text, facts)
        for p, m in holds
    ]
    return MemoryFile(
        location=location,
        origin="overlay",
        name=text,
        file=facts,
        fs_type="overlay",
        mount_point=None if mount is None else mount.point,
        mount_namespace=process.namespace("mnt"),
        holders=as_holders(found),
        content=content,
    )
