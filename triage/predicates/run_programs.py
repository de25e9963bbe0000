"""Programs that belong below ``/run``: decided by how they got there, not by where they lie.

Container engines mount their root file systems there, a distribution unpacks its initial RAM disk
or its set-user-id wrappers there. The path alone is anybody's to choose who is root. So on a host
besides the known place one of these must hold:

* the file lies on no memory file system: what is mounted there is an overlay or a disk;
* it has the bytes of a program on disk, which root alone may write;
* it came together with the others: at least eight programs of root's below the same directory, of
  which most changed within five minutes of this one. Whoever adds one later stands out.
"""

from __future__ import annotations

from triage.content.kinds import family
from triage.knowledge import known_run_program
from triage.model import FileFacts, MemoryFile
from triage.scene import Scene, in_memory

_PROGRAMS = frozenset({"executable", "script"})
_TOGETHER_LEAST = 8
_TOGETHER_NS = 300 * 10**9


def keeper_of(path: str, file: FileFacts | None, scene: Scene) -> str | None:
    """Who keeps a program there, with what shows it; ``None`` where nothing but the path does."""
    known = known_run_program(path, file)
    if known is None or file is None:
        return None
    if in_memory(file) is None or (in_memory(file) is False and not _on_hosts_own(file, scene)):
        return f"{known}, on a file system that is mounted there"
    found = scene.file_of(file)
    if found is not None and found.twins:
        return f"{known}, a copy of {found.twins[0]}"
    if _came_together(path, file, scene):
        return f"{known}, unpacked together with the others there"
    return None


def _on_hosts_own(file: FileFacts, scene: Scene) -> bool:
    """Whether it lies where ``/run`` itself lies, so that nothing is mounted for it."""
    own = dict(scene.snapshot.host.tool_namespaces).get("mnt")
    run = scene.mount_of(own, "/run")
    return file.dev in (scene.root_device, None if run is None else run.dev)


def _came_together(path: str, file: FileFacts, scene: Scene) -> bool:
    if file.ctime_ns is None:
        return False
    top = _top(path)
    times = [
        other.file.ctime_ns
        for other in scene.files.values()
        if other.name.startswith(top) and _is_program(other) and other.file.ctime_ns is not None
    ]
    near = sum(abs(when - file.ctime_ns) <= _TOGETHER_NS for when in times)
    return near >= _TOGETHER_LEAST and near * 2 > len(times)


def _top(path: str) -> str:
    """The directory below ``/run`` that holds it all, ``/var/run`` being the same."""
    parts = path.removeprefix("/var").split("/")
    return "/".join(parts[:3]) + "/"


def _is_program(item: MemoryFile) -> bool:
    content = item.content
    return item.file.uid == 0 and content is not None and family(content.kind) in _PROGRAMS
