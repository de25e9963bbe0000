"""Files without a name that a process holds: memfds, unlinked files, deleted executables.

Each inode once, with everybody who holds it; reached through the kernel's magic links.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterator
from contextlib import suppress

from triage import kernel
from triage.evidence import Root, Unreadable, facts_of_fd, why_of
from triage.model import (
    Artifact,
    Content,
    FileFacts,
    Gap,
    Location,
    MemoryFile,
    Mount,
    OpenFile,
    Process,
    Why,
)
from triage.proc.descriptors import rank_of_head
from triage.proc.directory import ProcessDir, ProcessTable
from triage.proc.files import what_lies_at
from triage.proc.hazards import is_hazard, may_block
from triage.proc.holders import Hold, as_holders, by_inode
from triage.reader import file_digest, look
from triage.scene import volatile_place
from triage.scope import NotHere, Scope
from triage.thorough import Waiting, gaps_of, look_again, rank_of, waits

NAME = "held-files"
# Where a program that clones itself into memory has its original.
_PROGRAM_DIRECTORIES = (
    "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "usr/libexec", "usr/lib/systemd",
    "bin", "sbin", "opt/bin",
)  # fmt: skip
_TWINS_MAX = 4
_PROGRAM_LEAST = 24
_FOR_OTHERS = 0.2  # of the time for thorough looks: stores without files come after these


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a MemoryFile for every inode without a name; returns how many there were."""
    if not any(isinstance(artifact, Process) for artifact in scope.so_far):
        raise NotHere("no process, so nothing is held")
    known = {
        (a.file.dev, a.file.inode) for a in scope.so_far if isinstance(a, MemoryFile)
    }  # fmt: skip
    mounted = {a.dev for a in scope.so_far if isinstance(a, Mount)}
    with ProcessTable(scope.root) as table:
        wanted = {
            identity: found
            for identity, found in by_inode(scope.so_far).items()
            if identity not in known and (_wanted(found) or _program_on_disk(table, found))
        }
        yield from _Looks(scope, table, mounted).all(list(wanted.values()))
    return len(wanted)


def held_by_thread(
    scope: Scope, task: ProcessDir, pid: int, name: str, files: list[OpenFile]
) -> Generator[Artifact | Gap]:
    """The same of the descriptors that one thread has to itself; ``name`` is its ``task/TID``."""
    mounted = {a.dev for a in scope.so_far if isinstance(a, Mount)}
    for held in files:
        if held.file is None:
            continue
        link = f"fd/{held.fd}"
        found = [Hold(pid, f"{name} fd {held.fd}", f"{name}/{link}", held.target, held.file)]
        if not _wanted(found):
            continue
        location = Location(f"{task.location.path}/{name}/{link}")
        content = None
        try:
            with task.opened(link) as fd:
                content = look(fd, held.file.size, scope.limits, scope.budget)
        except OSError as error:
            yield Gap(location, why_of(error), f"content not read: {error.strerror}")
        origin = origin_of(held.file, held.target, mounted)
        yield MemoryFile(
            location, origin, held.target, held.file, holders=as_holders(found), content=content
        )


def _wanted(found: list[Hold]) -> bool:
    """No name leads to it any more, or it lies in memory where no walk can reach."""
    file = found[0].file
    if not stat.S_ISREG(file.mode):
        return False
    in_memory = file.fs_magic in kernel.MEMORY_MAGICS
    if in_memory:
        return any(not h.text.startswith("/dev/zero") or "x" in h.how[-4:] for h in found)
    # A log that was rotated away is held as data by its daemon: only code matters on disk.
    return file.nlink == 0 and _executed(found)


def _program_on_disk(table: ProcessTable, found: list[Hold]) -> bool:
    """Whether it is a program or a script on disk that lost its name, or never had one.

    Not where another file lies at the path by now: that one was upgraded. A descriptor of it is
    enough to run it (execveat).
    """
    file, first = found[0].file, found[0]
    on_disk = file.fs_magic is not None and file.fs_magic not in kernel.MEMORY_MAGICS
    if file.nlink != 0 or not on_disk or not stat.S_ISREG(file.mode) or file.size < _PROGRAM_LEAST:
        return False
    try:
        with table.open(first.pid) as process:
            with process.opened(first.name) as fd:
                head = os.pread(fd, 16, 0)
            if rank_of_head(head) != 0:
                return False
            return what_lies_at(process, first.text, file.inode, file.dev) == "absent"
    except (OSError, Unreadable):
        return False


def origin_of(file: FileFacts, text: str, mounted: set[str]) -> str:
    """``memfd``, ``sysv`` or ``shared-anonymous`` for inodes of the kernel's internal mount.

    The name alone says nothing: a directory may be called ``/memfd:x``. The kernel's own
    mount appears in no mountinfo, and its inodes never have a link.
    """
    internal = file.nlink == 0 and file.fs_magic in kernel.MEMORY_MAGICS
    if internal and file.dev not in mounted:
        for prefix, origin in (("/memfd:", "memfd"), ("/SYSV", "sysv"), ("/dev/zero", "anonymous")):
            if text.startswith(prefix):
                return origin
    return "deleted" if file.nlink == 0 else "named"


class _Looks:
    """One run over what is held: the cheap looks first, the thorough ones in a wise order."""

    def __init__(self, scope: Scope, table: ProcessTable, mounted: set[str]) -> None:
        self._scope = scope
        self._table = table
        self._mounted = mounted
        self._programs = Programs(scope)
        self._contents: list[Content | None] = []
        self._gaps: list[Gap | None] = []

    def all(self, wanted: list[list[Hold]]) -> Generator[Artifact | Gap]:
        budget = self._scope.budget
        budget.brief = True
        try:
            waiting = [w for n, found in enumerate(wanted, 1) if (w := self._first(n, found))]
        finally:
            budget.brief = False
        missed = look_again(waiting, budget, _FOR_OTHERS)
        for content, gap, found in zip(self._contents, self._gaps, wanted, strict=True):
            if gap is not None:
                yield gap
            yield self._record(found, content)
        yield from gaps_of(missed)

    def _first(self, count: int, found: list[Hold]) -> Waiting | None:
        content, gap = _content(self._scope, self._table, found)
        self._contents.append(content)
        self._gaps.append(gap)
        self._scope.progress(count)
        if content is None or not waits(content):
            return None
        place = f"{self._table.label}/proc/{found[0].pid}"
        rank = rank_of(found[0].file, _executed(found))
        return Waiting(rank, place, content, lambda: self._again(count - 1, found))

    def _again(self, index: int, found: list[Hold]) -> Content | None:
        self._scope.budget.give_back(self._contents[index])
        content, _ = _content(self._scope, self._table, found)
        if content is not None:
            self._contents[index] = content
        return content

    def _record(self, found: list[Hold], content: Content | None) -> MemoryFile:
        first = found[0]
        executed = any(h.how == "exe" for h in found)
        return MemoryFile(
            location=Location(f"{self._table.label}/proc/{first.pid}/{first.name}"),
            origin=origin_of(first.file, first.text, self._mounted),
            name=first.text,
            file=first.file,
            holders=as_holders(found),
            content=content,
            twins=self._programs.twins(content) if executed and content is not None else (),
        )


def _executed(found: list[Hold]) -> bool:
    """Whether somebody runs it, or has it mapped as code."""
    return any(h.how == "exe" or "x" in h.how[-4:] for h in found)


def _content(
    scope: Scope, table: ProcessTable, found: list[Hold]
) -> tuple[Content | None, Gap | None]:
    """Through the first holder that still leads to the very inode."""
    gap: Gap | None = None
    for hold in found[:16]:
        location = Location(f"{table.label}/proc/{hold.pid}/{hold.name}")
        try:
            with table.open(hold.pid) as process, process.opened(hold.name) as fd:
                facts = facts_of_fd(fd)
                if (facts.dev, facts.inode) != (hold.file.dev, hold.file.inode):
                    gap = Gap(location, Why.VANISHED, "the link leads elsewhere by now")
                    continue
                return look(fd, facts.size, scope.limits, scope.budget), None
        except Unreadable as error:
            gap = error.gap
        except OSError as error:
            gap = Gap(location, why_of(error), f"content not read: {error.strerror}")
    return None, gap


class Programs:
    """Programs on disk by size: root's, writable by nobody else, not in a volatile place.

    Looked for by size first, so that next to nothing is hashed; listed once, and only when
    something is executed from memory.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own = dict(scope.host.tool_namespaces).get("mnt")
        self._by_size: dict[int, list[str]] | None = None

    def twins(self, content: Content) -> tuple[str, ...]:
        """Paths of at most four files with the same bytes as a content."""
        if content.sha256 is None:
            return ()
        if self._by_size is None:
            self._by_size = self._listed()
        root = self._scope.root
        same: dict[tuple[str, int], str] = {}
        for path in self._by_size.get(content.size, ()):
            facts = _trusted(root, path)
            if facts is not None and _digest(root, path, content.size) == content.sha256:
                same.setdefault((facts.dev, facts.inode), path)
        return tuple(same.values())[:_TWINS_MAX]

    def _listed(self) -> dict[int, list[str]]:
        """Paths by size, each once; who may have written them is asked of the few that match."""
        hazards = tuple(
            m.point
            for m in self._scope.so_far
            if isinstance(m, Mount) and m.namespace == self._own and is_hazard(m.fs_type)
        )
        found: dict[int, dict[str, None]] = {}
        for path, size in _candidates(self._scope, hazards):
            found.setdefault(size, {})[path] = None
        return {size: list(paths) for size, paths in found.items()}


def _candidates(scope: Scope, hazards: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """What runs, what processes were called as, then everything in the program directories."""
    named = set()
    for process in scope.so_far:
        if not isinstance(process, Process):
            continue
        if process.exe is not None and process.exe_file is not None and process.exe_file.nlink:
            yield process.exe, process.exe_file.size
        if process.cmdline and process.cmdline[0].startswith("/"):
            named.add(process.cmdline[0])
    for path in sorted(named):
        yield from _with_size(scope.root, path, hazards)
    for directory in _PROGRAM_DIRECTORIES:
        if not may_block(f"/{directory}", hazards):
            yield from _programs_in(scope.root, directory, hazards)


def _programs_in(root: Root, directory: str, hazards: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """The files of a directory with their sizes: one question each, thousands of times."""
    links = []
    try:
        with root.directory(directory) as fd:
            for name in sorted(os.listdir(fd)):
                path = f"/{directory}/{name}"
                if may_block(path, hazards):
                    continue
                with suppress(OSError):
                    status = kernel.status_without_sync(fd, os.fsencode(name), follow=False)
                    if stat.S_ISREG(status.st_mode):
                        yield path, status.st_size
                    elif stat.S_ISLNK(status.st_mode) and b"/" in os.readlink(
                        os.fsencode(name), dir_fd=fd
                    ):
                        links.append(path)  # one without a slash leads to a file listed anyway
    except Unreadable:
        return
    for path in links:
        yield from _with_size(root, path, hazards)


def _with_size(root: Root, path: str, hazards: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    if may_block(path, hazards):
        return
    with suppress(Unreadable):
        yield path, root.facts(path).size


def _trusted(root: Root, path: str) -> FileFacts | None:
    """The facts of a file that only root can have written, on disk, where things stay."""
    if volatile_place(path) is not None:
        return None
    try:
        facts = root.facts(path)
    except Unreadable:
        return None
    safe = facts.uid == 0 and not facts.mode & (stat.S_IWGRP | stat.S_IWOTH)
    on_disk = facts.fs_magic not in kernel.MEMORY_MAGICS
    return facts if safe and on_disk and stat.S_ISREG(facts.mode) else None


def _digest(root: Root, path: str, size: int) -> str | None:
    try:
        fd = root.open(path)
    except Unreadable:
        return None
    try:
        return file_digest(fd, size)
    except OSError:
        return None
    finally:
        os.close(fd)
