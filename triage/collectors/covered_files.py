"""Files under mount points: what lies on an image's own ``/proc`` and ``/sys``, where nothing
belongs.

``/dev/shm`` and its like are walked by the collector of memory files; these two only here, and only
when they are no mounts themselves.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterator

from triage.evidence import O_PATH, Root, Unreadable, facts_of_fd, reopen_regular, walk, why_of
from triage.model import Artifact, Gap, Location, MemoryFile
from triage.reader import look
from triage.scope import NotHere, Scope

NAME = "covered-files"
PLACES = ("proc", "sys")
_MOST = 20_000


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a MemoryFile (``covered``) for each regular file; returns how many names were seen."""
    if scope.root.packed:
        return (yield from _in_archive(scope))
    count = places = 0
    for place in PLACES:
        try:
            with scope.root.directory(place) as fd:
                if os.fstat(fd).st_dev != _device_of_root(scope) or facts_of_fd(fd).inode == 1:
                    continue  # a mount of its own: procfs and sysfs have inode 1 on top
                if _collected(scope, place):
                    continue
                places += 1
                for step in walk(fd, f"{scope.root.label}/{place}", entries=_MOST):
                    if isinstance(step, Gap):
                        yield step
                        continue
                    count += 1
                    yield from _one(scope, *step)
        except Unreadable:
            continue
    if not places:
        raise NotHere("no /proc or /sys directory on the disk itself")
    return count


def _in_archive(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    from triage.evidence.packed import PackedRoot
    from triage.linux_image.packed_files import copied_kernel_files, memory_files

    root = scope.root
    assert isinstance(root, PackedRoot)
    places = tuple(
        place for place in PLACES if _names(root, place) and not copied_kernel_files(root, place)
    )
    if not places:
        raise NotHere("no /proc or /sys directory in the archive")
    return (yield from memory_files(scope, places, "covered"))


def _names(root: Root, place: str) -> list[str]:
    try:
        return root.names(place)
    except Unreadable:
        return []


def _collected(scope: Scope, place: str) -> bool:
    """Whether somebody copied the kernel's own files there: a collection, not a disk."""
    names = scope.root.names(place)
    if place == "sys":
        return "kernel" in names and "module" in names
    return any(name.isdecimal() and _is_file(scope, f"proc/{name}/status") for name in names)


def _is_file(scope: Scope, path: str) -> bool:
    try:
        return stat.S_ISREG(scope.root.facts(path).mode)
    except Unreadable:
        return False


def _device_of_root(scope: Scope) -> int:
    handle = scope.root.handle("/")
    try:
        return os.fstat(handle).st_dev
    finally:
        os.close(handle)


def _one(scope: Scope, path: str, directory: int, name: bytes) -> Iterator[Artifact | Gap]:
    location = Location(path)
    try:
        handle = os.open(name, O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except OSError as error:
        yield Gap(location, why_of(error), error.strerror or "")
        return
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return
        fd = reopen_regular(handle)
        try:
            facts = facts_of_fd(fd)
            content = look(fd, facts.size, scope.limits, scope.budget)
        finally:
            os.close(fd)
        yield MemoryFile(location, "covered", path, facts, content=content)
    except OSError as error:
        yield Gap(location, why_of(error), f"content not read: {error.strerror}")
    finally:
        os.close(handle)
