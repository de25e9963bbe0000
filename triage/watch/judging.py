"""One caught execution made a snapshot of its own, and judged with the same indicators."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace

from triage import __version__
from triage.analyze import analyze
from triage.collect import now
from triage.collectors import mounts
from triage.collectors.held_files import Programs, origin_of
from triage.collectors.host import read_host
from triage.evidence import Root, facts_of_fd, reopen_regular
from triage.model import (
    Artifact,
    Holder,
    Location,
    MemoryFile,
    Mount,
    Process,
    Severity,
    Snapshot,
    Subject,
)
from triage.reader import look
from triage.records import dataclass
from triage.scope import Budget, Limits, Scope

_KEPT_FOR_JUDGING = 1 << 20
_EXAMINATION = 5.0
#: How long what was learnt of the box holds, in seconds.
_MOUNTS_HOLD, _PROGRAMS_HOLD = 5.0, 300.0
_FILES_MAX = 256


@dataclass(frozen=True, slots=True)
class Alert:
    """What was found on one execution. ``payload`` is what ran: the script of an interpreter,
    else the executable; ``place`` its place among the descriptors."""

    time: str
    process: Process
    parent: Process | None
    subjects: tuple[Subject, ...]
    reason: str
    payload: MemoryFile | None = None
    place: int = 0

    @property
    def worst(self) -> Subject:
        return self.subjects[0]

    @property
    def severity(self) -> Severity:
        return self.worst.severity


class Judge:
    """Keeps what does not change from one execution to the next: host, mounts, programs."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._host = read_host(root, live=True, arguments=())
        self._mounts: list[Mount] = []
        self._mounts_until = 0.0
        self._programs: Programs | None = None
        self._programs_until = 0.0
        self._files: dict[tuple[object, ...], MemoryFile] = {}

    def judge(
        self, process: Process, parent: Process | None, fds: list[int], reason: str
    ) -> Alert | None:
        """The alert for an execution, ``None`` where no indicator fired on it."""
        scope = self._scope(process, parent)
        process = _with_seals(process, fds[0])
        place = len(fds) - 1  # of an interpreter, the script; what it is itself is no news
        file = self._file(scope, fds[place], process, "exe" if place == 0 else "script")
        found = [] if file is None else [file]
        others = [a for a in scope.so_far if not isinstance(a, Process)]
        before = [] if parent is None else [parent]
        subjects = self._subjects([process, *before, *others, *found], process, found)
        payload = found[0] if found else None
        alert = Alert(now(), process, parent, subjects, reason, payload, place)
        return alert if subjects else None

    def _scope(self, process: Process, parent: Process | None) -> Scope:
        if time.monotonic() >= self._mounts_until:
            self._mounts = list(self._mounted())
            self._mounts_until = time.monotonic() + _MOUNTS_HOLD
        limits = Limits(keep=_KEPT_FOR_JUDGING, keep_all=True, examination=_EXAMINATION)
        near = [process] if parent is None else [process, parent]
        return Scope(
            root=self._root,
            live=True,
            host=self._host,
            limits=limits,
            budget=Budget(limits),
            so_far=[*near, *self._mounts],
        )

    def _mounted(self) -> Iterable[Mount]:
        """The mount table of our own namespace."""
        own = dict(self._host.tool_namespaces).get("mnt")
        here = Process(
            Location(f"/proc/{os.getpid()}"), os.getpid(), namespaces=(("mnt", own or 0),)
        )
        limits = Limits()
        scope = Scope(self._root, True, self._host, limits, Budget(limits), so_far=[here])
        return [step for step in mounts.collect(scope) if isinstance(step, Mount)]

    def _file(self, scope: Scope, handle: int, process: Process, how: str) -> MemoryFile | None:
        """What a descriptor holds; looked into once, however often the same file is executed."""
        key = _version(handle)
        known = self._files.get(key)
        if known is not None:
            place = Location(f"{process.location.path}/{how}")
            return replace(known, location=place, holders=(Holder(process.pid, how),))
        file = _file(scope, handle, process, how)
        if file is None:
            return None
        if len(self._files) >= _FILES_MAX:
            self._files.clear()
        self._files[key] = file = self._attested(scope, file)
        return file

    def _attested(self, scope: Scope, file: MemoryFile) -> MemoryFile:
        """With the files on disk that have the same bytes, as the live look finds them."""
        if file.content is None or file.origin != "memfd":
            return file
        if self._programs is None or time.monotonic() >= self._programs_until:
            self._programs = Programs(scope)
            self._programs_until = time.monotonic() + _PROGRAMS_HOLD
        return replace(file, twins=self._programs.twins(file.content))

    def _subjects(
        self, artifacts: list[Artifact], process: Process, files: list[MemoryFile]
    ) -> tuple[Subject, ...]:
        moment = now()
        snapshot = Snapshot(
            tool_version=__version__,
            root_kind="live",
            root_path=self._root.path,
            started_at=moment,
            finished_at=moment,
            host=self._host,
            artifacts=tuple(artifacts),
        )
        wanted = {process.location, *(file.location for file in files)}
        return tuple(s for s in analyze(snapshot).subjects if s.location in wanted)


def _version(handle: int) -> tuple[object, ...]:
    """What tells a file, and whether it was changed since."""
    status = os.fstat(handle)
    text = os.readlink(f"/proc/self/fd/{handle}".encode())
    return (
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns,
        status.st_nlink, text,
    )  # fmt: skip


def _with_seals(process: Process, fd: int) -> Process:
    try:
        opened = reopen_regular(fd)
    except OSError:
        return process
    try:
        return replace(process, exe_file=facts_of_fd(opened))
    except OSError:
        return process
    finally:
        os.close(opened)


def _file(scope: Scope, handle: int, process: Process, how: str) -> MemoryFile | None:
    """What a held descriptor holds; ``None`` for what cannot be opened."""
    try:
        fd = reopen_regular(handle)
    except OSError:
        return None
    try:
        facts = facts_of_fd(fd)
        content = look(fd, facts.size, scope.limits, scope.budget)
        text = os.readlink(f"/proc/self/fd/{handle}".encode()).decode("utf-8", "surrogateescape")
    except OSError:
        return None
    finally:
        os.close(fd)
    mounted = {mount.dev for mount in scope.so_far if isinstance(mount, Mount)}
    return MemoryFile(
        location=Location(f"{process.location.path}/{how}"),
        origin=_origin(origin_of(facts, text, mounted)),
        name=text,
        file=facts,
        holders=(Holder(process.pid, how),),
        content=content,
    )


def _origin(found: str) -> str:
    """A file with a name is judged by its place, like one that a walk found."""
    return "mount" if found == "named" else found
