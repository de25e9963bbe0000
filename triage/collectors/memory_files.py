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
from collections.abc import Generator, Iterator
from dataclasses import field

from triage import kernel
from triage.collectors.mounts import representatives
from triage.evidence import (
    O_PATH,
    Root,
    Unreadable,
    facts_of_fd,
    reopen_regular,
    walk,
    why_of,
)
from triage.model import Artifact, Content, FileFacts, Gap, Location, MemoryFile, Mount, Why
from triage.proc.directory import ProcessTable
from triage.proc.hazards import is_hazard, may_block
from triage.proc.holders import Hold, as_holders, by_inode
from triage.reader import look
from triage.records import dataclass
from triage.scope import NotHere, Scope
from triage.thorough import Waiting, gaps_of, look_again, rank_of, waits

NAME = "memory-files"
_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DEEPEST = 256
_FOR_OTHERS = 0.5  # of the time for thorough looks: what processes hold comes after this
_HELD_FIRST, _HELD_MOST = 256, 16384
NAMED = ("dev", "dev/shm", "dev/mqueue", "run", "run/shm", "run/lock", "var/run", "var/lock")


@dataclass(frozen=True, slots=True)
class _Place:
    """A directory to walk: a mount of a memory file system, or a named directory."""

    path: str
    label: str
    origin: str
    fs_type: str | None
    mount_point: str | None
    namespace: int | None
    dev: str | None
    whole: bool = False


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
    later: _Later = field(init=False)

    def __post_init__(self) -> None:
        self.later = _Later(self.scope)


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
    for namespace, root, gap in _trees(scope):
        if gap is not None:
            yield gap
            continue
        assert root is not None
        for place in _places(scope, namespace, root):
            yield from _walk_place(state, root, place)
        if root is not scope.root:
            root.close()
    yield from _detached(state)
    yield from (gap for dev, gap in state.covered.items() if dev not in state.devices)


def _trees(scope: Scope) -> Iterator[tuple[int | None, Root | None, Gap | None]]:
    """The root of each mount namespace; our own first, through the evidence root itself."""
    own = dict(scope.host.tool_namespaces).get("mnt") if scope.live else None
    yield own, scope.root, None
    groups = representatives(scope) if scope.live else {}
    for namespace, pids in groups.items():
        if namespace is not None and namespace != own:
            yield _other_tree(scope, namespace, pids)


def _other_tree(
    scope: Scope, namespace: int, pids: list[int]
) -> tuple[int | None, Root | None, Gap | None]:
    gap = Gap(Location("/proc"), Why.VANISHED, f"mount namespace {namespace}: no process is left")
    with ProcessTable(scope.root) as table:
        for pid in pids[:32]:
            try:
                with table.open(pid) as process:
                    return namespace, process.root(), None
            except Unreadable as error:
                gap = error.gap
            except OSError as error:
                location = Location(f"{table.label}/proc/{pid}/root")
                words = f"memory files of mount namespace {namespace} not seen: {error.strerror}"
                gap = Gap(location, why_of(error), words)
    return namespace, None, gap


def _places(scope: Scope, namespace: int | None, root: Root) -> list[_Place]:
    """Memory mounts of the namespace (whole file systems before bind mounts), then the names."""
    mounts = [
        m
        for m in scope.so_far
        if isinstance(m, Mount) and m.namespace == namespace
        and m.fs_type in kernel.MEMORY_FS_TYPES
    ]  # fmt: skip
    mounts.sort(key=lambda m: (m.root != "/", m.point))
    places = [
        _Place(
            m.point,
            root.label + m.point,
            "mount",
            m.fs_type,
            m.point,
            namespace,
            m.dev,
            whole=m.root == "/",
        )
        for m in mounts
    ]
    for name in NAMED:
        label = f"{root.label}/{name}"
        places.append(_Place(name, label, "directory", None, None, namespace, None))
    return places


def _walk_place(state: _Walk, root: Root, place: _Place) -> Generator[Artifact | Gap]:
    if place.origin == "mount" and place.dev in state.devices:
        return  # the whole file system was walked through another mount of it
    if may_block(posixpath.dirname("/" + place.path.lstrip("/")), _hazards(state, place)):
        detail = "below a network or user-space mount that may block; its files were not seen"
        yield Gap(Location(place.label), Why.REFUSED, detail)
        return
    try:
        if place.origin == "mount" and not place.whole and _is_file(root, place):
            yield from _bound_file(state, root, place)
            return
        with root.directory(place.path) as fd:
            yield from _walk_directory(state, place, fd)
    except Unreadable as error:
        if error.why is not Why.ABSENT:
            yield error.gap


def _detached(state: _Walk) -> Generator[Artifact | Gap]:
    """File systems in memory that no mount table names: lazily unmounted, or never attached.

    They live on as long as a process holds a directory of theirs, and through that they are seen.
    """
    mounted = {m.dev for m in state.scope.so_far if isinstance(m, Mount)}
    if not mounted:
        return
    with ProcessTable(state.scope.root) as table:
        for (dev, _), found in sorted(state.held.items()):
            file = found[0].file
            if not stat.S_ISDIR(file.mode) or file.fs_magic not in kernel.MEMORY_MAGICS:
                continue
            if dev in mounted or dev in state.devices:
                continue
            state.devices.add(dev)
            yield from _through(state, table, found[0])


def _through(state: _Walk, table: ProcessTable, hold: Hold) -> Generator[Artifact | Gap]:
    label = f"{table.label}/proc/{hold.pid}/{hold.name}"
    try:
        with table.open(hold.pid) as process, process.directory(hold.name) as fd:
            top, steps = _top_of(fd)
            label += "/.." * steps
            place = _Place(label, label, "mount", "tmpfs", None, None, hold.file.dev, whole=True)
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


def _is_file(root: Root, place: _Place) -> bool:
    return stat.S_ISREG(root.facts(place.path).mode)


def _bound_file(state: _Walk, root: Root, place: _Place) -> Generator[Artifact | Gap]:
    """A bind mount of one file: a secret in a container, or a payload over a program."""
    handle = root.handle(place.path)
    try:
        state.count += 1
        yield from _examined(state, place, Location(place.label), handle)
    finally:
        os.close(handle)


def _hazards(state: _Walk, place: _Place) -> tuple[str, ...]:
    return tuple(
        m.point
        for m in state.scope.so_far
        if isinstance(m, Mount) and m.namespace == place.namespace and is_hazard(m.fs_type)
    )


def _walk_directory(state: _Walk, place: _Place, fd: int) -> Generator[Artifact | Gap]:
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


def _one_file(
    state: _Walk, place: _Place, path: str, directory: int, name: bytes
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
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return
        yield from _examined(state, place, location, handle)
    finally:
        os.close(handle)


def _examined(
    state: _Walk, place: _Place, location: Location, handle: int
) -> Generator[Artifact | Gap]:
    facts = facts_of_fd(handle)
    identity = (facts.dev, facts.inode)
    if identity in state.inodes:
        return
    state.inodes.add(identity)
    content = None
    try:
        facts, content = _look_at(state.scope, handle)
    except OSError as error:
        yield Gap(location, why_of(error), f"content not read: {error.strerror}")
    found = MemoryFile(
        location=location,
        origin=place.origin,
        name=location.path,
        file=facts,
        fs_type=place.fs_type,
        mount_point=place.mount_point,
        mount_namespace=place.namespace,
        holders=as_holders(state.held.get(identity, ())),
        content=content,
    )
    if waits(content):
        yield from state.later.put(found, handle)
    else:
        yield found


def _look_at(scope: Scope, handle: int) -> tuple[FileFacts, Content]:
    fd = reopen_regular(handle)
    try:
        facts = facts_of_fd(fd)
        return facts, look(fd, facts.size, scope.limits, scope.budget)
    finally:
        os.close(fd)


class _Later:
    """The files that wait for a thorough look, each held by a descriptor of ours."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._files: list[MemoryFile] = []
        self._handles: list[int] = []
        self._most = _HELD_FIRST

    def put(self, file: MemoryFile, handle: int) -> Generator[Artifact | Gap]:
        self._files.append(file)
        self._handles.append(os.dup(handle))
        if len(self._files) == _HELD_FIRST:
            self._most = _room_for_descriptors()
        if len(self._files) >= self._most:
            yield from self.all()

    def all(self) -> Generator[Artifact | Gap]:
        """The same files, looked at as thoroughly as the time allows."""
        budget = self._scope.budget
        waiting = [self._waiting(index) for index in range(len(self._files))]
        brief, budget.brief = budget.brief, False
        try:
            missed = look_again(waiting, budget, _FOR_OTHERS)
        finally:
            budget.brief = brief
            for handle in self._handles:
                os.close(handle)
        yield from self._files
        yield from gaps_of(missed)
        self._files, self._handles = [], []

    def _waiting(self, index: int) -> Waiting:
        file = self._files[index]
        assert file.content is not None
        executed = any(h.how == "exe" or "x" in h.how[-4:] for h in file.holders)
        place = posixpath.dirname(file.location.path)
        return Waiting(
            rank_of(file.file, executed), place, file.content, lambda: self._again(index)
        )

    def _again(self, index: int) -> Content | None:
        file = self._files[index]
        self._scope.budget.give_back(file.content)
        try:
            _, content = _look_at(self._scope, self._handles[index])
        except OSError:
            return None
        self._files[index] = dataclasses.replace(file, content=content)
        return content


def _room_for_descriptors() -> int:
    """How many descriptors may be held, once the soft limit of this process is raised."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _HELD_MOST if hard == resource.RLIM_INFINITY else min(hard, _HELD_MOST)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(wanted - _HELD_FIRST, _HELD_FIRST)
