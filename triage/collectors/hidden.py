"""What one way of looking shows and another does not: processes, and names in directories.

Three views of ``/proc``: the C library's ``readdir``, the kernel's ``getdents64``, and every
process number asked by system calls. What is missing from a list must be missing again, and be
the same process still (a pidfd says so), before it counts. Silent where the question makes no
sense: ``hidepid``, or a ``/proc`` of another pid namespace. Mounts over ``/proc/PID`` are seen
through by a procfs of our own that is mounted nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import suppress

from triage import kernel
from triage.collectors.processes import collect_one
from triage.evidence import Unreadable, decode
from triage.linux.listing import library_names, raw_names
from triage.linux.mounting import detached
from triage.linux.sweep import alive, existing, leaders, views
from triage.model import Artifact, Gap, Location, Mount, Process, Why
from triage.model.kernel_objects import HiddenThing
from triage.proc.directory import ProcessTable, is_number
from triage.scope import NotHere, Scope

NAME = "hidden"
#: As many numbers as a sweep takes without being asked to: about 10 ms.
SWEPT = 1 << 15
_DIRECTORIES = (
    "/dev/shm", "/dev", "/run", "/tmp", "/var/tmp", "/etc", "/etc/cron.d", "/etc/ld.so.conf.d",
    "/etc/systemd/system", "/root", "/usr/local/bin", "/usr/local/lib", "/usr/lib",
)  # fmt: skip
_LISTED_MAX = 256
_RESERVED = 1024  # numbers are not reused below 300 (RESERVED_PIDS), and the count runs on


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a HiddenThing for each difference; returns how many things were compared."""
    if not scope.live or scope.root.path != "/":
        raise NotHere("no running kernel to compare views of")
    count = yield from _names_in_directories()
    reason = _unsound(scope)
    if reason:
        yield Gap(Location("/proc"), Why.REFUSED, f"no search for hidden processes: {reason}")
        return count
    count += yield from _processes(scope)
    yield from _covered(scope)
    return count


def _unsound(scope: Scope) -> str | None:
    """Why a process that is missing from the list would mean nothing; ``None`` if it would."""
    if scope.host.hidepid not in (None, "0", "off"):
        return f"/proc is mounted with hidepid={scope.host.hidepid}"
    try:
        if os.readlink("/proc/self") != str(os.getpid()):
            return "/proc is that of another pid namespace"
    except OSError:
        return "/proc/self does not lead to this process"
    return None


# --- names --------------------------------------------------------------------------------


def _names_in_directories() -> Generator[HiddenThing, None, int]:
    """Names that the C library keeps from us, in directories where things are hidden."""
    count = 0
    for directory in _DIRECTORIES:
        with suppress(OSError):
            missing, compared = _missing(directory)
            count += compared
            for name in sorted(missing)[:_LISTED_MAX]:
                yield HiddenThing(
                    location=Location(f"{directory}/{decode(name)}"),
                    what="name",
                    name=f"{directory}/{decode(name)}",
                    seen_by=("getdents64",),
                    missed_by=("readdir of the C library",),
                    checks=2,
                )
    return count


def _missing(directory: str) -> tuple[set[bytes], int]:
    """Names only in the kernel's list, twice, and still there afterwards."""
    path = os.fsencode(directory)
    first = raw_names(path)
    missing = first - library_names(path)
    if missing:
        missing &= raw_names(path) - library_names(path)
        missing &= raw_names(path)
    return missing, len(first)


# --- processes ----------------------------------------------------------------------------


def _numbers(names: set[bytes]) -> set[int]:
    return {int(name) for name in names if is_number(decode(name))}


def _listed() -> tuple[set[int], set[int]]:
    """The process numbers by ``getdents64`` and by the C library, in this order."""
    return _numbers(raw_names(b"/proc")), _numbers(library_names(b"/proc"))


def _processes(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    highest = _highest(scope)
    asked = range(1, min(highest, SWEPT) if not scope.limits.all_pids else _pid_max(scope))
    try:
        before, _ = _listed()
        answered = existing(asked)
        after, library = _listed()
    except OSError as error:
        yield Gap(Location("/proc"), Why.REFUSED, f"/proc was not listed: {error.strerror}")
        return 0
    if asked.stop < highest:
        words = f"process numbers above {asked.stop} were not tried one by one; --all-pids does"
        yield Gap(Location("/proc"), Why.TRUNCATED, words)
    unlisted = leaders(n for n in answered if n not in before and n not in after)
    unread = leaders(n for n in after & before if n not in library)
    try:
        yield from _confirmed(scope, unlisted, ("readdir", "getdents64"))
        yield from _confirmed(scope, unread, ("readdir of the C library",))
    finally:
        for pidfd in (*unlisted.values(), *unread.values()):
            os.close(pidfd)
    return len(answered)


def _highest(scope: Scope) -> int:
    """The highest number that can be in use: where there were few forks, numbers never wrapped.

    ``processes`` in ``/proc/stat`` counts every fork since boot, threads too.
    """
    limit = _pid_max(scope)
    for line in _text(scope, "proc/stat").split(b"\n"):
        name, _, value = line.partition(b" ")
        if name == b"processes" and value.strip().isdigit():
            return min(limit, int(value[:18]) + _RESERVED)
    return limit


def _text(scope: Scope, path: str) -> bytes:
    """A file of ``/proc``; empty where a sandbox's kernel has none."""
    try:
        return scope.root.read(path, 1 << 20)
    except Unreadable:
        return b""


def _pid_max(scope: Scope) -> int:
    text = _text(scope, "proc/sys/kernel/pid_max").strip()
    return int(text) if text.isdigit() and len(text) < 10 else SWEPT


def _confirmed(
    scope: Scope, candidates: dict[int, int], missed: tuple[str, ...]
) -> Generator[Artifact | Gap]:
    """Those that are still the same process, alive, and still missing, after another look."""
    if not candidates:
        return
    listed, library = _listed()
    known = listed if len(missed) > 1 else library
    with ProcessTable(scope.root) as table:
        for pid, pidfd in sorted(candidates.items())[:_LISTED_MAX]:
            seen = views(pid)
            if pid in known or len(seen) < 2 or not alive(pidfd):
                continue
            found = _read(table, pid, scope)
            yield _hidden(pid, found, (*seen, *(("/proc/PID",) if found else ())), missed)
            if found is not None and not _is_known(scope, pid):
                yield found


def _read(table: ProcessTable, pid: int, scope: Scope) -> Process | None:
    """What the process can still be asked: its directory may open although it is not listed."""
    steps = list(collect_one(table, pid, scope))
    return next((step for step in steps if isinstance(step, Process)), None)


def _is_known(scope: Scope, pid: int) -> bool:
    return any(isinstance(a, Process) and a.pid == pid for a in scope.so_far)


def _hidden(
    pid: int, found: Process | None, seen: tuple[str, ...], missed: tuple[str, ...]
) -> HiddenThing:
    uids = None if found is None else found.uids
    return HiddenThing(
        location=Location(f"/proc/{pid}", "hidden"),
        what="process",
        name=f"/proc/{pid}",
        seen_by=seen,
        missed_by=missed,
        checks=2,
        pid=pid,
        comm=None if found is None else found.comm,
        exe=None if found is None else found.exe,
        uid=uids[1] if uids is not None and len(uids) > 1 else None,
        cmdline=None if found is None else found.cmdline,
    )


# --- what lies under a mount over /proc/PID ---------------------------------------------------


def _covered(scope: Scope) -> Generator[Artifact | Gap]:
    """Processes over whose directory something is mounted, read through a procfs of our own."""
    pids = sorted(set(_mounted_over(scope)))
    if not pids:
        return
    try:
        top = detached("proc")
    except OSError as error:
        words = f"what lies under mounts over {len(pids)} processes is not known: {error.strerror}"
        yield Gap(Location("/proc"), Why.DENIED, words)
        return
    with _DetachedTable(scope, top) as table:
        for pid in pids[:_LISTED_MAX]:
            found = _read(table, pid, scope)
            if found is not None:
                seen = ("a procfs of our own",)
                thing = _hidden(pid, found, seen, ("/proc, where it is covered by a mount",))
                yield thing
                if not _is_known(scope, pid):
                    yield found


def _mounted_over(scope: Scope) -> Iterator[int]:
    own = dict(scope.host.tool_namespaces).get("mnt")
    for artifact in scope.so_far:
        if isinstance(artifact, Mount) and artifact.namespace == own:
            parts = artifact.point.split("/")
            if len(parts) == 3 and parts[1] == "proc" and is_number(parts[2]):
                yield int(parts[2])


class _DetachedTable(ProcessTable):
    """The processes of a procfs that is mounted nowhere; owns its descriptor."""

    def __init__(self, scope: Scope, top: int) -> None:
        super().__init__(scope.root)
        os.close(self._fd)
        self._fd = top
        self._device = os.fstat(top).st_dev
        self.genuine = kernel.fs_magic(top) == kernel.PROC_MAGIC
