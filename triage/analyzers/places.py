"""Where a memory file lies, and how bad a program or a script there is."""

from __future__ import annotations

import posixpath
import shlex

from triage.content.patterns import lazy
from triage.model import MemoryFile, Severity
from triage.predicates.run_programs import keeper_of
from triage.scene import Scene, in_memory, volatile_place, without_deleted

_OTHER_ROOT = lazy(r"^/proc/\d+/root(?=/)")

PROGRAM = {
    "memfd": Severity.HIGH,
    "sysv": Severity.HIGH,
    "anonymous": Severity.MEDIUM,
    "shm": Severity.HIGH,
    "lock": Severity.HIGH,
    "run": Severity.HIGH,
    "dev": Severity.HIGH,
    "other": Severity.HIGH,
    "tmp": Severity.LOW,
    "covered": Severity.HIGH,
    "overlay": Severity.HIGH,
    "overlay-root": Severity.MEDIUM,
    "unlinked": Severity.MEDIUM,
}
SCRIPT = PROGRAM | {
    "run": Severity.MEDIUM,
    "anonymous": Severity.LOW,
    "other": Severity.MEDIUM,
    "overlay": Severity.MEDIUM,
    "overlay-root": Severity.LOW,
}
DATA = {
    "memfd": Severity.LOW,
    "sysv": Severity.LOW,
    "shm": Severity.MEDIUM,
    "lock": Severity.MEDIUM,
    "dev": Severity.MEDIUM,
    "run": Severity.LOW,
    "other": Severity.LOW,
    "tmp": Severity.INFO,
    "covered": Severity.MEDIUM,
    "overlay": Severity.LOW,
    "overlay-root": Severity.INFO,
}


def path_of(item: MemoryFile) -> str:
    """The path inside the file's own mount namespace, without ``" (deleted)"`` if it is gone."""
    path = _OTHER_ROOT.sub("", item.name)
    return without_deleted(path) if item.file.nlink == 0 else path


def place_of(item: MemoryFile, scene: Scene) -> str | None:
    """The place as the tables here name it; ``None`` where a program is nothing special.

    Those are the root file system of a host that lives in memory, and files on disk that were only
    collected because a process still executes them.
    """
    if item.origin in ("memfd", "sysv", "anonymous"):
        return item.origin
    if item.origin == "overlay":
        return _on_overlay(item, scene)
    if item.origin == "covered" and in_memory(item.file) is True:
        return "covered"
    if item.origin == "deleted" and in_memory(item.file) is False and not _runs(item):
        return "unlinked"
    place = volatile_place(path_of(item))
    if place is not None and place != "tmp":
        return place
    if in_memory(item.file) is not True or scene.is_host_root(item.mount_point, item.file.dev):
        return None
    last_name = item.origin == "mount" and item.file.nlink == 0  # a mount: nobody unpacks so
    return "other" if last_name else place or "other"


def _on_overlay(item: MemoryFile, scene: Scene) -> str | None:
    """A live system's own root is an overlay in memory, and so may a container's be."""
    if item.mount_point != "/":
        return "overlay"
    own = dict(scene.snapshot.host.tool_namespaces).get("mnt")
    return None if item.mount_namespace == own else "overlay-root"


def _runs(item: MemoryFile) -> bool:
    """Whether somebody executes it or has it mapped as code: others say more of that."""
    return any("x" in holder.how[-4:] for holder in item.holders)


def severity_in(table: dict[str, Severity], item: MemoryFile, scene: Scene) -> Severity | None:
    """The table's severity for the file's place; low where its keeper is shown."""
    place = place_of(item, scene)
    if place is None:
        return None
    if place == "run" and keeper_of(path_of(item), item.file, scene) is not None:
        return Severity.LOW
    return table.get(place)


def base_name(item: MemoryFile) -> str:
    return posixpath.basename(path_of(item))


def quoted(path: str) -> str:
    """A path of evidence as one shell word: a file may be called ``$(reboot)``."""
    return shlex.quote(path)


def verify(item: MemoryFile, scene: Scene) -> str:
    """A command that shows the file, safe to paste whatever the file is called.

    On an image the path begins at the evidence root: ``/dev/shm`` of the analyst's own machine
    says nothing. A name that does not print cannot be pasted: then the inode number finds it.
    """
    top = scene.snapshot.root_path.rstrip("/")
    path = top + item.location.path
    if scene.snapshot.root_kind != "live":
        from triage.predicates.archive_path import from_archive  # a live box is none

        packed = from_archive(top, item.location.path)
        if packed is not None:
            return f"{packed} | sha256sum"
    if path.isprintable():
        return f"file -L {quoted(path)}; sha256sum {quoted(path)}"
    where = quoted(top + (item.mount_point or "/"))
    return f"find {where} -xdev -inum {item.file.inode} -exec sha256sum {{}} +"


def where(item: MemoryFile) -> str:
    """A sentence on what the file is and who holds it."""
    kinds = {
        "memfd": "a memory file (memfd)",
        "sysv": "a SysV shared memory segment",
        "anonymous": "shared anonymous memory",
        "deleted": "a file without a name",
        "named": "a file",
        "overlay": "a file of an overlay whose bytes lie in memory",
        "covered": "a file that something is mounted over",
        "directory": "a file on disk in a directory that is meant to be volatile",
    }
    what = kinds.get(item.origin, f"a file on {item.fs_type}")
    pids = sorted({holder.pid for holder in item.holders})
    held = f", held by pid {', '.join(map(str, pids[:5]))}" if pids else ""
    owner = "root" if item.file.uid == 0 else f"uid {item.file.uid}"
    return f"{what}, {item.file.size} bytes, owner {owner}{held}"
