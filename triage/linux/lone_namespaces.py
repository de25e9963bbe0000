"""Mount namespaces in which no process lives: a thread, a descriptor or a mount keeps them.

Their mounts are in no process's mount table. A child that enters them opens what is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from triage.content.patterns import lazy
from triage.linux.borrowing import borrowed, enter, top_of_namespace
from triage.model import Location, Mount, Process
from triage.model.kernel_objects import HiddenThing
from triage.scope import Scope

_NAME = lazy(r"^mnt:\[(\d{1,19})\]$")
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


def lone(door: str, number: int, kept_by: str, pid: int | None = None) -> HiddenThing:
    """The record of a namespace; ``door`` is a path that leads to it."""
    return HiddenThing(
        location=Location(door),
        what="namespace",
        name=f"mnt:[{number}]",
        seen_by=(kept_by,),
        missed_by=("the mount tables of all processes",),
        pid=pid,
    )


def number_of(thing: HiddenThing) -> int:
    return int(thing.name[5:-1])


def found(scope: Scope) -> Iterator[HiddenThing]:
    """Those that descriptors and mounts of namespaces keep, as far as they are known by now."""
    known = {a.namespace("mnt") for a in scope.so_far if isinstance(a, Process)}
    known |= {number_of(a) for a in all_of(scope)}
    doors = [door for artifact in scope.so_far for door in _mounted(artifact, scope)]
    doors += [
        (f"/proc/{process.pid}/fd/{number}", target, "a descriptor", process.pid)
        for process, number, target in scope.held("mnt")
    ]
    for path, text, kept_by, pid in sorted(doors, key=lambda door: door[0].startswith("/proc/")):
        match = _NAME.match(text)
        if match is not None and int(match[1]) not in known:
            known.add(int(match[1]))
            yield lone(path, int(match[1]), kept_by, pid)


def all_of(scope: Scope) -> list[HiddenThing]:
    """The records of such namespaces that there are by now."""
    return [a for a in scope.so_far if isinstance(a, HiddenThing) and a.what == "namespace"]


def _mounted(artifact: object, scope: Scope) -> Iterator[tuple[str, str, str, int | None]]:
    if isinstance(artifact, Mount) and artifact.fs_type == "nsfs":
        own = dict(scope.host.tool_namespaces).get("mnt")
        top = artifact.location.path.removesuffix("/mountinfo")
        if artifact.namespace == own:
            yield artifact.point, artifact.root, "a mount", None
        elif top.count("/") == 2:  # /proc/PID, of somebody who lives there
            yield f"{top}/root{artifact.point}", artifact.root, "a mount", None


def mount_table(door: str, limit: int) -> bytes:
    """The ``mountinfo`` of the namespace behind a path. Raises :class:`OSError`."""
    processes = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    namespace = os.open(door, _READ)

    def opened() -> int:
        enter(namespace)
        return os.open("self/mountinfo", _READ, dir_fd=processes)

    try:
        fd = borrowed(opened)
    finally:
        os.close(namespace)
        os.close(processes)
    with open(fd, "rb") as file:
        return file.read(limit)


def top_of(door: str) -> int:
    """A descriptor of the root directory of the namespace behind a path. Raises OSError."""
    namespace = os.open(door, _READ)
    try:
        return top_of_namespace(namespace)
    finally:
        os.close(namespace)
