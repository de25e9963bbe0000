"""Block devices whose blocks lie in memory: loop devices over memory files, zram with data.

The device is not read: what lies in a backing file that has a name is the memory-files
collector's to say, and to open a device may act on it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from triage import kernel
from triage.evidence import Unreadable, decode
from triage.model import Artifact, FileFacts, Gap, Holder, Location, Mount, Process, Why
from triage.model.kernel_objects import IpcObject
from triage.scope import NotHere, Scope

NAME = "block-devices"
_DELETED = " (deleted)"
_TEXT_MAX = 8192
_HOLDERS_MAX, _POINTS_MAX = 100, 400


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield an IpcObject for each loop and zram device in use; returns how many there were."""
    try:
        names = scope.root.names("sys/block")
    except Unreadable as error:
        raise NotHere("no /sys/block in this tree") from error
    wanted = [name for name in names if name.startswith(("loop", "zram"))]
    for name in wanted:
        found = _loop(scope, name) if name.startswith("loop") else _zram(scope, name)
        if found is not None:
            number = _text(scope, f"sys/block/{name}/dev") or "?"
            facts = (*found.facts, ("mounted_at", _points(scope, name, number)))
            yield replace(found, facts=facts, holders=_running(scope, number))
    return len(wanted)


def _text(scope: Scope, path: str) -> str | None:
    try:
        return decode(scope.root.read(path, _TEXT_MAX)).removesuffix("\n")
    except Unreadable:
        return None


def _points(scope: Scope, device: str, number: str) -> str:
    """Where it is mounted, as words of a shell: a name may hold whatever would separate names."""
    import shlex

    found = {
        m.point for m in scope.so_far
        if isinstance(m, Mount) and (m.source == f"/dev/{device}" or m.dev == number)
    }  # fmt: skip
    kept: list[str] = []
    for point in sorted(found):
        if sum(map(len, kept)) + len(point) > _POINTS_MAX:
            kept.append("…")
            break
        kept.append(point)
    return shlex.join(kept)


def _running(scope: Scope, number: str) -> tuple[Holder, ...]:
    """Processes whose program lies on the device's file system, by the number of the device."""
    return tuple(
        Holder(process.pid, "exe")
        for process in scope.so_far
        if isinstance(process, Process)
        and process.exe_file is not None
        and process.exe_file.dev == number
    )[:_HOLDERS_MAX]


def _size(scope: Scope, device: str) -> int | None:
    """In bytes; the kernel counts in sectors of 512."""
    sectors = _text(scope, f"sys/block/{device}/size") or ""
    return int(sectors) * 512 if sectors.isdigit() and len(sectors) < 18 else None


def _loop(scope: Scope, device: str) -> IpcObject | None:
    backing = _text(scope, f"sys/block/{device}/loop/backing_file")
    if backing is None:
        return None
    file = _backing_file(scope, backing)
    traits = []
    if file is None and backing.endswith(_DELETED):
        traits.append("backing file deleted")
    if _lies_in_memory(scope, backing, file):
        traits.append("backing file in memory")
    return IpcObject(
        location=Location(f"/dev/{device}"),
        store="block-device",
        name=f"/dev/{device}",
        type="loop",
        size=_size(scope, device),
        uid=None if file is None else file.uid,
        traits=tuple(traits),
        facts=(("backing_file", backing),),
        why=Why.REFUSED,
    )


def _backing_file(scope: Scope, path: str) -> FileFacts | None:
    """The file now at the backing file's path; a live file may be called ``x (deleted)``."""
    try:
        return scope.root.facts(path, follow=False)
    except Unreadable:
        return None


def _lies_in_memory(scope: Scope, backing: str, file: FileFacts | None) -> bool:
    if file is not None:
        return file.fs_magic in kernel.MEMORY_MAGICS
    if backing.startswith("/memfd:") and backing.endswith(_DELETED):
        return True
    return _in_memory(scope, backing.removesuffix(_DELETED))


def _in_memory(scope: Scope, path: str) -> bool:
    """Whether the place where a file was is on a memory file system, by our mount table."""
    own = dict(scope.host.tool_namespaces).get("mnt")
    best, memory = -1, False
    for mount in scope.so_far:
        if isinstance(mount, Mount) and mount.namespace == own:
            below = f"{path}/".startswith(mount.point.rstrip("/") + "/")
            if below and len(mount.point) >= best:
                best, memory = len(mount.point), mount.fs_type in kernel.MEMORY_FS_TYPES
    return memory


def _zram(scope: Scope, device: str) -> IpcObject | None:
    """A compressed RAM disk with something in it that is no swap."""
    size = _size(scope, device)
    if not size:
        return None
    if f"/dev/{device} " in (_text(scope, "proc/swaps") or "") + " ":
        return None
    stored = (_text(scope, f"sys/block/{device}/mm_stat") or "0").split()
    return IpcObject(
        location=Location(f"/dev/{device}"),
        store="block-device",
        name=f"/dev/{device}",
        type="zram",
        size=size,
        traits=("in memory",) if stored and stored[0] != "0" else ("in memory", "empty"),
        facts=(("stored", f"{stored[0]} bytes"),),
        why=Why.REFUSED,
    )
