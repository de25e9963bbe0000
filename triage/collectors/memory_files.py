"""Files that lie in memory: every regular file on tmpfs, ramfs, devtmpfs, hugetlbfs, mqueue.

Walked in every distinct mount namespace, judged by the file system, not by the path; each
inode once. The directories that are meant to be volatile (``/dev/shm``, ``/run``, ...) are walked
too where they are ordinary disk, and so is ``/dev``, where no regular file belongs.
"""

from __future__ import annotations

import dataclasses
import os
import posixpath
import stat
import time
from collections.abc import Generator
from dataclasses import field
from typing import TYPE_CHECKING

from triage import kernel
from triage.evidence import (
    O_PATH,
    Root,
    Unreadable,
    facts_of_fd,
    walk,
    why_of,
)
from triage.memory_trees import NAMED, Place, places, trees
from triage.model import (
    Artifact,
    Content,
    FileFacts,
    Gap,
    Location,
    MemoryFile,
    Mount,
    Process,
    Why,
)
from triage.predicates.dense import dense_runs
from triage.proc.directory import ProcessTable
from triage.proc.hazards import is_hazard, may_block
from triage.proc.holders import Hold, as_holders, by_inode
from triage.scope import NotHere, Scope
from triage.thorough import waits
from triage.waiting_files import WaitingFiles, look_at

if TYPE_CHECKING:
    from triage.collectors.held_files import Programs

NAME = "memory-files"
_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DEEPEST = 256


@dataclasses.dataclass(slots=True)
class _Walk:
    """What one run remembers: inodes and whole file systems seen, holders, counts."""

    scope: Scope
    held: dict[tuple[str, int], list[Hold]]
    deadline: float
    inodes: set[tuple[str, int]] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)
    directories: set[tuple[str, int]] = field(default_factory=set)
    covered: dict[str, Gap] = field(default_factory=dict)
    count: int = 0
    programs: Programs | None = None
    later: WaitingFiles = field(init=False)

    def __post_init__(self) -> None:
        self.later = WaitingFiles(self.scope)


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a MemoryFile for every file; returns how many names were looked at."""
    if scope.root.packed:
        from triage.linux_image.packed_files import memory_files

        return (yield from memory_files(scope, NAMED, "directory"))
    state = _Walk(scope, by_inode(scope.so_far), time.monotonic() + scope.limits.seconds)
    scope.budget.brief = True
    try:
        yield from _walks(state)
    finally:
        scope.budget.brief = False
    yield from state.later.all()
    if state.count == 0 and not state.directories:
        raise NotHere("no memory file system and none of the volatile directories")
    return state.count


def _walks(state: _Walk) -> Generator[Artifact | Gap]:
    scope = state.scope
    for namespace, root, gap in trees(scope):
        if gap is not None:
            yield gap
        if root is None:
            continue
        for place in places(scope, namespace, root):
            yield from _walk_place(state, root, place)
        if root is not scope.root:
            root.close()
    yield from _detached(state)
    yield from (gap for dev, gap in state.covered.items() if dev not in state.devices)


def _walk_place(state: _Walk, root: Root, place: Place) -> Generator[Artifact | Gap]:
    if place.origin == "mount" and place.dev in state.devices and not place.nameless:
        return  # the whole file system was walked through another mount of it
    if may_block(posixpath.dirname("/" + place.path.lstrip("/")), _hazards(state, place)):
        detail = "below a network or user-space mount that may block; its files were not seen"
        yield Gap(Location(place.label), Why.REFUSED, detail)
        return
    try:
        if place.origin == "mount" and not place.whole and _is_file(root, place):
            yield from _bound_file(state, root, place)
            return
        if place.dev is not None and (yield from _walk_bare(state, root, place)):
            return
        with root.directory(place.path) as fd:
            yield from _walk_directory(state, place, fd)
    except Unreadable as error:
        if error.why is not Why.ABSENT:
            yield error.gap


def _walk_bare(state: _Walk, root: Root, place: Place) -> Generator[Artifact | Gap, None, bool]:
    """Walk a mount without what is mounted over it or on its directories; whether that was done.

    Nothing is unmounted: it is done in a copy of the mount table (:mod:`triage.linux.borrowing`).
    """
    covered = _is_covered(root, place)
    if not state.scope.live or state.scope.root.path != "/" or not (covered or place.below):
        return False
    from triage.linux.mount_views import bare

    assert place.dev is not None
    try:
        handle = bare(place.door, place.path, place.dev, covered=covered)
    except OSError:
        return False
    try:
        fd = os.open(b".", _LIST, dir_fd=handle)
    finally:
        os.close(handle)
    try:
        yield from _walk_directory(state, dataclasses.replace(place, covered=covered), fd)
    finally:
        os.close(fd)
    return True


def _is_covered(root: Root, place: Place) -> bool:
    try:
        return root.facts(place.path).dev != place.dev
    except Unreadable:
        return True


def _detached(state: _Walk) -> Generator[Artifact | Gap]:
    """File systems in memory that no mount table names: lazily unmounted, or never attached.

    They live on as long as a process holds a directory of theirs, and through that they are seen.
    """
    mounted = {m.dev for m in state.scope.so_far if isinstance(m, Mount)}
    if not mounted:
        return
    with ProcessTable(state.scope.root) as table:
        if state.scope.limits.deep:
            yield from _roots(state, table, mounted)
        for (dev, _), found in sorted(state.held.items()):
            file = found[0].file
            if not stat.S_ISDIR(file.mode) or file.fs_magic not in kernel.MEMORY_MAGICS:
                continue
            if dev in mounted or dev in state.devices:
                continue
            state.devices.add(dev)
            yield from _through(state, table, found[0])


def _roots(state: _Walk, table: ProcessTable, mounted: set[str]) -> Generator[Artifact | Gap]:
    """The same of root directories: a question to each process, and next to none has another."""
    for process in state.scope.so_far:
        if not isinstance(process, Process) or process.kthread is not False:
            continue
        try:
            with table.open(process.pid) as directory:
                file = directory.facts_in_memory("root")
        except (OSError, Unreadable):
            continue
        if file is not None and file.dev not in mounted and file.dev not in state.devices:
            state.devices.add(file.dev)
            hold = Hold(process.pid, "root", "root", process.root or "/", file)
            yield from _through(state, table, hold)


def _through(state: _Walk, table: ProcessTable, hold: Hold) -> Generator[Artifact | Gap]:
    label = f"{table.label}/proc/{hold.pid}/{hold.name}"
    try:
        with table.open(hold.pid) as process, process.directory(hold.name) as fd:
            top, steps = _top_of(fd)
            label += "/.." * steps
            place = Place(label, label, "mount", "tmpfs", None, None, hold.file.dev, whole=True)
            try:
                yield from _walk_directory(state, place, top)
            finally:
                os.close(top)
    except Unreadable as error:
        yield error.gap
    except OSError as error:
        yield Gap(Location(label), why_of(error), error.strerror or "")


def _top_of(directory: int) -> tuple[int, int]:
    """The root of a file system, from one of its directories, and how many steps up it is.

    A detached file system ends at its own root: there ``..`` leads to itself. The caller closes
    the descriptor.
    """
    current = os.dup(directory)
    steps = 0
    while steps < _DEEPEST:
        here = os.fstat(current)
        above = os.open(b"..", _LIST, dir_fd=current)
        there = os.fstat(above)
        if there.st_dev != here.st_dev or there.st_ino == here.st_ino:
            os.close(above)
            break
        os.close(current)
        current = above
        steps += 1
    return current, steps


def _is_file(root: Root, place: Place) -> bool:
    return stat.S_ISREG(root.facts(place.path).mode)


def _bound_file(state: _Walk, root: Root, place: Place) -> Generator[Artifact | Gap]:
    """A bind mount of one file: a secret in a container, or a payload over a program."""
    handle = root.handle(place.path)
    try:
        state.count += 1
        yield from _examined(state, place, Location(place.label), handle)
    finally:
        os.close(handle)


def _hazards(state: _Walk, place: Place) -> tuple[str, ...]:
    return tuple(
        m.point
        for m in state.scope.so_far
        if isinstance(m, Mount) and m.namespace == place.namespace and is_hazard(m.fs_type)
    )


def _walk_directory(state: _Walk, place: Place, fd: int) -> Generator[Artifact | Gap]:
    facts = facts_of_fd(fd)
    if place.origin == "mount" and place.dev is not None:
        if facts.dev != place.dev:
            # Perhaps another mount of it is in sight; that is known when all were walked.
            detail = f"another mount covers this {place.fs_type}; its files were not seen"
            state.covered.setdefault(place.dev, Gap(Location(place.label), Why.REFUSED, detail))
            return
        if place.whole:
            state.devices.add(place.dev)
    identity = (facts.dev, facts.inode)
    walked = place.origin == "directory" and facts.dev in state.devices
    if identity in state.directories or walked:
        state.directories.add(identity)
        return  # /var/run leads to /run; and what is a memory mount was walked as one
    state.directories.add(identity)
    for step in walk(fd, place.label, entries=state.scope.limits.files):
        if isinstance(step, Gap):
            yield step
            continue
        if time.monotonic() > state.deadline:
            yield Gap(Location(place.label), Why.TIMEOUT, "the time limit ended the walk here")
            return
        yield from _one_file(state, place, *step)


LINK_LEAST = 24


def _one_file(
    state: _Walk, place: Place, path: str, directory: int, name: bytes
) -> Generator[Artifact | Gap]:
    state.count += 1
    if state.count % 256 == 0:
        state.scope.progress(state.count)
    location = Location(path)
    try:
        handle = os.open(name, O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except OSError as error:
        why = why_of(error)
        why = Why.VANISHED if why is Why.ABSENT else why
        yield Gap(location, why, error.strerror or "")
        return
    try:
        status = os.fstat(handle)
        if stat.S_ISLNK(status.st_mode):
            yield from _carrying_link(place, location, handle)
        if not stat.S_ISREG(status.st_mode):
            return
        if _is_below(place, path):
            if status.st_size == 0:
                return  # a placeholder, made to mount something on it
            place = dataclasses.replace(place, covered=True)
        yield from _examined(state, place, location, handle)
    finally:
        os.close(handle)


def _carrying_link(place: Place, location: Location, handle: int) -> Generator[Artifact]:
    """A symbolic link whose target is data: it leads nowhere, and holds up to 4,095 bytes."""
    target = os.readlink(b"", dir_fd=handle)
    if len(target) < LINK_LEAST or not dense_runs(os.fsdecode(target), LINK_LEAST):
        return
    from triage.content.examine import examine

    yield MemoryFile(
        location=location,
        origin=place.origin,
        name=location.path,
        file=facts_of_fd(handle),
        fs_type=place.fs_type,
        mount_point=place.mount_point,
        mount_namespace=place.namespace,
        content=dataclasses.replace(examine(target), kept=target),
    )


def _twins(state: _Walk, path: str, facts: FileFacts, content: Content | None) -> tuple[str, ...]:
    """Files on disk with the same bytes, asked of root's programs where root keeps copies."""
    if content is None or content.kind != "elf" or facts.uid != 0 or "/run/" not in path:
        return ()
    if state.programs is None:
        from triage.collectors.held_files import Programs

        state.programs = Programs(state.scope)
    return state.programs.twins(content)


def _is_below(place: Place, path: str) -> bool:
    """Whether a file lies on or below a directory that something is mounted on."""
    if not place.below:
        return False
    inside = path.removeprefix(place.label.removesuffix(place.path))
    return any(inside == point or inside.startswith(f"{point}/") for point in place.below)


def _examined(
    state: _Walk, place: Place, location: Location, handle: int
) -> Generator[Artifact | Gap]:
    facts = facts_of_fd(handle)
    identity = (facts.dev, facts.inode)
    if identity in state.inodes:
        return
    state.inodes.add(identity)
    content = None
    try:
        facts, content = look_at(state.scope, handle)
    except OSError as error:
        yield Gap(location, why_of(error), f"content not read: {error.strerror}")
    if place.covered:
        location = Location(location.path, "under a mount")
    found = MemoryFile(
        location=location,
        origin="covered" if place.covered else place.origin,
        name=location.path,
        file=facts,
        fs_type=place.fs_type,
        mount_point=place.mount_point,
        mount_namespace=place.namespace,
        holders=as_holders(state.held.get(identity, ())),
        content=content,
        twins=_twins(state, location.path, facts, content),
    )
    if waits(content):
        yield from state.later.put(found, handle)
    else:
        yield found
