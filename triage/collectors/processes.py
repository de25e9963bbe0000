"""Processes: what ``/proc/PID`` tells of each, and what the kernel's magic links lead to.

The reads are ordered so that a process that is replaced half way shows: the start time is
read first and last, and a process that changed in between is a gap, not a mixture.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from triage.evidence import Unreadable, decode, why_of
from triage.model import Artifact, FileFacts, Gap, Location, Process, Why
from triage.parsers import Malformed
from triage.parsers.procfs import Stat, number, numbers, parse_auxv, parse_stat, parse_status
from triage.proc.descriptors import open_files_of
from triage.proc.directory import DESCRIPTORS_MAX, ProcessDir, ProcessTable
from triage.proc.files import arguments_of, exe_at_path
from triage.proc.memory import Memory, read_memory
from triage.proc.replaced import likeness
from triage.proc.standard_input import socket_on_input
from triage.scope import NotHere, Scope

NAME = "processes"
_ROUNDS, _STARTED_MAX = 3, 64
_NAMESPACES = tuple(
    (name, f"ns/{name}", f"{name}:[")
    for name in ("mnt", "pid", "net", "user", "ipc", "uts", "cgroup")
)


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a Process for every pid; returns how many directories were looked into."""
    try:
        table = ProcessTable(scope.root)
    except Unreadable as error:
        raise NotHere("no /proc in this tree") from error
    with table:
        pids = table.pids()
        if not pids:
            raise NotHere("/proc holds no process: nothing is mounted there")
        for count, pid in enumerate(pids, 1):
            yield from collect_one(table, pid, scope)
            scope.progress(count)
        started = yield from _started_since(table, pids, scope)
    return len(pids) + started


def _started_since(
    table: ProcessTable, pids: list[int], scope: Scope
) -> Generator[Artifact | Gap, None, int]:
    """Processes that were not there at first: one that forks and ends is met nowhere else.

    Each is looked at right after it was listed, while what was listed first had to wait its turn.
    """
    seen = set(pids)
    for _ in range(_ROUNDS if table.genuine else 0):
        started = [pid for pid in table.pids() if pid not in seen][-_STARTED_MAX:]
        if not started:
            break
        seen.update(started)
        for pid in reversed(started):
            yield from collect_one(table, pid, scope)
    return len(seen) - len(pids)


def collect_one(table: ProcessTable, pid: int, scope: Scope) -> Generator[Artifact | Gap]:
    location = Location(f"{table.label}/proc/{pid}")
    try:
        with table.open(pid) as directory:
            reader = _Reader(directory, scope)
            process = reader.read()
            yield process
            yield from reader.gaps
    except Unreadable as error:
        yield error.gap
    except Malformed as error:
        yield Gap(location, Why.MALFORMED, str(error))
    except (FileNotFoundError, ProcessLookupError):
        if table.genuine:
            yield Gap(location, Why.VANISHED, "the process ended while it was read")
        else:
            yield Gap(location, Why.ABSENT, "a numbered directory without the files of a process")
    except OSError as error:
        yield Gap(location, why_of(error), error.strerror or "")


class _Reader:
    """One pass over one process directory; what was denied gathers in ``gaps``."""

    def __init__(self, directory: ProcessDir, scope: Scope) -> None:
        self._dir = directory
        self._scope = scope
        self._denied: list[str] = []
        self._other: list[Gap] = []

    @property
    def gaps(self) -> list[Gap]:
        """One gap for all that was denied: a non-root run has hundreds of these."""
        found = list(self._other)
        if self._denied:
            what = ", ".join(self._denied)
            found.append(Gap(self._dir.location, Why.DENIED, f"not permitted to read {what}"))
        return found

    def read(self) -> Process:
        """Raises OSError or Malformed only for ``stat``: without it there is no process."""
        first = self._dir.read_piece("stat")
        before = parse_stat(first)
        status = parse_status(self._bytes("status") or b"")
        kthread = before.kernel_thread or status.get("Kthread") == b"1"
        process = self._thread(before, status) if kthread else self._any_user(before, status)
        last = self._dir.read_piece("stat")
        if last != first and parse_stat(last).start_ticks != before.start_ticks:
            detail = "replaced by another process with the same number while it was read"
            raise Unreadable(self._dir.location, Why.VANISHED, detail)
        return process

    # --- reading with a reason kept ------------------------------------------------------

    def _miss(self, name: str, error: OSError) -> Why:
        why = why_of(error)
        if why is Why.DENIED:
            self._denied.append(name)
        elif why not in (Why.ABSENT, Why.VANISHED):
            self._other.append(Gap(self._dir.location, why, f"{name}: {error.strerror}"))
        return why

    def _bytes(self, name: str, limit: int = 1 << 20) -> bytes | None:
        try:
            return self._dir.read_piece(name, limit)
        except OSError as error:
            self._miss(name, error)
            return None

    def _link(self, name: str) -> str | None:
        try:
            return self._dir.link(name)
        except OSError as error:
            self._miss(name, error)
            return None

    # --- the parts -----------------------------------------------------------------------

    def _thread(self, stat: Stat, status: dict[str, bytes]) -> Process:
        """A kernel thread has no executable, no memory and no files: that is no gap."""
        return Process(
            location=self._dir.location,
            pid=self._dir.pid,
            status_pid=number(status.get("Pid")),
            tgid=number(status.get("Tgid")),
            ppid=stat.ppid,
            comm=decode(stat.comm),
            state=stat.state,
            kthread=True,
            uids=numbers(status.get("Uid")),
            start_ticks=stat.start_ticks,
            start_time=self._start_time(stat.start_ticks),
            cmdline=_strings(self._bytes("cmdline")),
        )

    def _any_user(self, stat: Stat, status: dict[str, bytes]) -> Process:
        """A process whose first thread has ended is read through one that goes on."""
        if stat.state != "Z":
            return self._user(stat, status)
        try:
            thread = self._dir.living_thread()
        except OSError:
            thread = None
        if thread is None:
            return self._user(stat, status)
        leader = self._dir
        with thread:
            self._dir = thread
            try:
                return self._user(stat, status)
            finally:
                self._dir = leader

    def _user(self, stat: Stat, status: dict[str, bytes]) -> Process:
        exe, exe_why = self._exe_link()
        exe_file = self._facts("exe") if exe is not None else None
        at_path = exe_at_path(self._dir, exe, exe_file)
        environ = self._bytes("environ", self._scope.limits.environ)
        auxv = self._bytes("auxv")
        descriptors = self._descriptors()
        cmdline = _strings(self._bytes("cmdline"))
        cwd = self._link("cwd")
        memory = self._memory(exe, exe_file)
        return Process(
            location=self._dir.location,
            pid=self._dir.pid,
            status_pid=number(status.get("Pid")),
            tgid=number(status.get("Tgid")),
            ppid=stat.ppid,
            comm=decode(stat.comm),
            state=stat.state,
            kthread=False,
            uids=numbers(status.get("Uid")),
            gids=numbers(status.get("Gid")),
            cap_effective=number(status.get("CapEff"), 16),
            tracer_pid=number(status.get("TracerPid")),
            ns_pids=numbers(status.get("NSpid")),
            start_ticks=stat.start_ticks,
            start_time=self._start_time(stat.start_ticks),
            start_code=stat.start_code,
            end_code=stat.end_code,
            threads=stat.threads,
            cmdline=cmdline,
            environ=_strings(environ),
            environ_truncated=environ is not None and len(environ) >= self._scope.limits.environ,
            exe=exe,
            exe_why=exe_why,
            exe_file=exe_file,
            exe_at_path=at_path,
            exe_alike=likeness(self._dir, exe, exe_file, at_path),
            exe_mapped=memory.exe_mapped,
            cwd=cwd,
            cwd_file=None if cwd is None else self._in_memory("cwd"),
            root=self._link("root"),
            cgroup=_text(self._bytes("cgroup")),
            namespaces=self._namespaces(),
            auxv=None if auxv is None else parse_auxv(auxv),
            mappings=memory.mappings,
            map_count=memory.count,
            descriptors=descriptors,
            open_files=(
                *socket_on_input(self._dir, exe, descriptors),
                *open_files_of(self._dir, descriptors, self._other),
            ),
            arguments=arguments_of(self._dir, exe, cmdline, cwd, descriptors),
        )

    def _start_time(self, ticks: int) -> str | None:
        host = self._scope.host
        if host.boot_time is None or host.clock_ticks is None:
            return None
        return _moment(host.boot_time, ticks // host.clock_ticks)

    def _exe_link(self) -> tuple[str | None, Why | None]:
        try:
            return self._dir.link("exe"), None
        except OSError as error:
            # A zombie has no executable any more: ENOENT, and no gap.
            return None, self._miss("exe", error)

    def _facts(self, name: str) -> FileFacts | None:
        try:
            return self._dir.facts(name)
        except OSError as error:
            self._miss(name, error)
            return None

    def _in_memory(self, name: str) -> FileFacts | None:
        """The inode behind a link, if it lies on a memory file system."""
        try:
            return self._dir.facts_in_memory(name)
        except OSError:
            return None

    def _namespaces(self) -> tuple[tuple[str, int], ...]:
        found = []
        for name, path, begin in _NAMESPACES:
            try:
                found.append((name, _namespace(self._dir.link(path), begin)))
            except (OSError, ValueError) as error:
                if isinstance(error, OSError) and why_of(error) is Why.DENIED:
                    self._denied.append("ns")
                    break
        return tuple(found)

    def _descriptors(self) -> tuple[tuple[int, str], ...] | None:
        try:
            found = self._dir.descriptors()
        except OSError as error:
            self._miss("fd", error)
            return None
        if len(found) >= DESCRIPTORS_MAX:
            detail = f"only the first {DESCRIPTORS_MAX} descriptors were listed"
            place = Location(self._dir.location.path, "fd")
            self._other.append(Gap(place, Why.TRUNCATED, detail))
        return found

    def _memory(self, exe: str | None, exe_file: FileFacts | None) -> Memory:
        try:
            maps = self._dir.read("maps", self._scope.limits.maps)
        except OSError as error:
            self._miss("maps", error)
            return Memory()
        page_size = self._scope.host.page_size or os.sysconf("SC_PAGE_SIZE")
        return read_memory(self._dir, maps, exe, exe_file, page_size, self._other)


@lru_cache(1024)  # many start in the same second
def _moment(boot_time: str, seconds: int) -> str | None:
    try:
        moment = datetime.fromisoformat(boot_time) + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


@lru_cache(1024)  # most processes have the namespaces of another
def _namespace(link: str, begin: str) -> int:
    """The inode in the text of a namespace's link, ``mnt:[4026531840]``."""
    return _inode(link.removeprefix(begin)[:-1])


def _inode(text: str) -> int:
    """Raises ValueError for what is no 64-bit number: on a copied tree a link may say anything."""
    inode = int(text) if len(text) < 20 else -1
    if not 0 <= inode < 1 << 63:
        raise ValueError(text)
    return inode


def _text(data: bytes | None) -> str | None:
    return None if data is None else decode(data).strip("\n")


def _strings(data: bytes | None) -> tuple[str, ...] | None:
    """NUL-terminated strings; a title written over them may lack the last NUL."""
    if data is None:
        return None
    if not data:
        return ()
    return tuple(decode(data.removesuffix(b"\0")).split("\0"))
