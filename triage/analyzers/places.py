"""Where a memory file lies, and how bad a program or a script there is."""

from __future__ import annotations

import posixpath
import re
import shlex

from triage.knowledge import known_run_program
from triage.model import MemoryFile, Severity
from triage.scene import Scene, in_memory, volatile_place, without_deleted

_OTHER_ROOT = re.compile(r"^/proc/\d+/root(?=/)")

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
}
SCRIPT = PROGRAM | {"run": Severity.MEDIUM, "anonymous": Severity.LOW, "other": Severity.MEDIUM}
DATA = {
    "memfd": Severity.LOW,
    "sysv": Severity.LOW,
    "shm": Severity.MEDIUM,
    "lock": Severity.MEDIUM,
    "dev": Severity.MEDIUM,
    "run": Severity.LOW,
    "other": Severity.LOW,
    "tmp": Severity.INFO,
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
    place = volatile_place(path_of(item))
    if place is not None and place != "tmp":
        return place
    if in_memory(item.file) is not True or scene.is_host_root(item.mount_point, item.file.dev):
        return None
    return place or "other"


def severity_in(table: dict[str, Severity], item: MemoryFile, scene: Scene) -> Severity | None:
    """The table's severity for the file's place; low where a known program keeps things."""
    place = place_of(item, scene)
    if place is None:
        return None
    if place == "run" and known_run_program(path_of(item), item.file) is not None:
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
        "directory": "a file on disk in a directory that is meant to be volatile",
    }
    what = kinds.get(item.origin, f"a file on {item.fs_type}")
    pids = sorted({holder.pid for holder in item.holders})
    held = f", held by pid {', '.join(map(str, pids[:5]))}" if pids else ""
    owner = "root" if item.file.uid == 0 else f"uid {item.file.uid}"
    return f"{what}, {item.file.size} bytes, owner {owner}{held}"
