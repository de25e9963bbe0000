"""Files under mount points of a running system: on the directory that a mount covers.

Seen through a clone of the one mount below that is attached nowhere (``open_tree``), so nothing is
unmounted and nothing changes. Only below the mounts of the kernel's own file systems, where
nothing belongs; under a mounted ``/home`` there may be an older one.
"""

from __future__ import annotations

import os
from collections.abc import Generator

from triage.evidence import Root, Unreadable, why_of
from triage.linux.mounting import without_mounts
from triage.model import Artifact, Gap, Location, MemoryFile, Mount, Why
from triage.scope import NotHere, Scope

NAME = "under-mounts"
#: Where the clone is taken, and the covered directories of that very mount.
_PLACES = (
    ("/", ("/proc", "/sys", "/dev", "/run/shm")),
    ("/dev", ("/dev/shm", "/dev/mqueue", "/dev/hugepages")),
)
_ENTRIES_MAX = 5000


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a MemoryFile (``covered``) for each file found; returns how many places were seen."""
    if not scope.live or scope.root.path != "/":
        raise NotHere("no running system whose mounts could cover something")
    own = dict(scope.host.tool_namespaces).get("mnt")
    points = {a.point for a in scope.so_far if isinstance(a, Mount) and a.namespace == own}
    count = 0
    for top, places in _PLACES:
        covered = [place for place in places if place in points]
        if not covered or top not in points:
            continue
        try:
            tree = Root.of_directory(without_mounts(top), "")
        except OSError as error:
            words = f"what lies under the mounts on {top} was not seen: {error.strerror}"
            why = why_of(error)
            yield Gap(Location(top), Why.DENIED if why is Why.REFUSED else why, words)
            continue
        with tree:
            for place in covered:
                count += 1
                yield from _below(scope, tree, place, place.removeprefix(top.rstrip("/")))
    return count


def _below(scope: Scope, tree: Root, shown: str, path: str) -> Generator[Artifact | Gap]:
    from triage.evidence import walk

    try:
        with tree.directory(path) as fd:
            if not os.listdir(fd):
                return
            for step in walk(fd, shown, entries=_ENTRIES_MAX):
                if isinstance(step, Gap):
                    yield step
                else:
                    yield from _file(scope, *step)
    except (Unreadable, OSError):
        return


def _file(scope: Scope, shown: str, directory: int, name: bytes) -> Generator[Artifact | Gap]:
    from triage.evidence import O_PATH, facts_of_fd, reopen_regular
    from triage.reader import look

    try:
        handle = os.open(name, O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except OSError:
        return
    try:
        fd = reopen_regular(handle)
    except OSError:
        return  # a device node or a link, as left by whoever made the disk
    finally:
        os.close(handle)
    try:
        facts = facts_of_fd(fd)
        if facts.size == 0:
            return  # a placeholder for a device or a mount point
        content = look(fd, facts.size, scope.limits, scope.budget)
        place = Location(shown, "under the mount")
        yield MemoryFile(place, "covered", shown, facts, content=content)
    except OSError as error:
        yield Gap(Location(shown), why_of(error), f"content not read: {error.strerror}")
    finally:
        os.close(fd)
