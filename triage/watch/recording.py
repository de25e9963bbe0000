"""A process record made in the moment after an execution, with whatever can still be asked."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from triage.evidence import Unreadable, decode, facts_of
from triage.model import Argument, Location, Process
from triage.parsers import Malformed
from triage.parsers.procfs import number, numbers, parse_stat, parse_status
from triage.proc.directory import ProcessDir, ProcessTable
from triage.proc.files import arguments_of, exe_at_path
from triage.watch.looking import Caught

_ENVIRON_MAX = 1 << 15
T = TypeVar("T")


def record(table: ProcessTable, caught: Caught) -> Process:
    """What is known of the process; of one that has ended only its executable."""
    bare = Process(
        location=Location(f"/proc/{caught.pid}"),
        pid=caught.pid,
        kthread=False,
        cmdline=_strings(caught.cmdline),
        exe=caught.exe,
        exe_file=facts_of(os.fstat(caught.fd)),
    )
    try:
        with table.open(caught.pid) as directory:
            return _asked(directory, caught, bare)
    except (OSError, Unreadable, Malformed):
        return bare


def _asked(directory: ProcessDir, caught: Caught, bare: Process) -> Process:
    """Raises what the reads of ``stat`` raise: without it there is no process any more."""
    stat = parse_stat(directory.read_piece("stat"))
    status = parse_status(_try(lambda: directory.read_piece("status")) or b"")
    cwd = _try(lambda: directory.link("cwd"))
    descriptors = _try(directory.descriptors)
    environ = _try(lambda: directory.read_piece("environ", _ENVIRON_MAX))
    return Process(
        location=bare.location,
        pid=bare.pid,
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
        start_ticks=stat.start_ticks,
        cmdline=bare.cmdline,
        environ=_strings(environ),
        environ_truncated=environ is not None and len(environ) >= _ENVIRON_MAX,
        exe=bare.exe,
        exe_file=bare.exe_file,
        exe_at_path=_try(lambda: exe_at_path(directory, bare.exe, bare.exe_file)),
        cwd=cwd,
        cgroup=decode(_try(lambda: directory.read_piece("cgroup")) or b"").strip() or None,
        namespaces=_namespaces(directory),
        descriptors=descriptors,
        arguments=_try(
            lambda: arguments_of(directory, caught.exe, bare.cmdline, cwd, descriptors)
        ) or (),
    )  # fmt: skip


def _namespaces(directory: ProcessDir) -> tuple[tuple[str, int], ...]:
    text = _try(lambda: directory.link("ns/mnt")) or ""
    inode = text.removeprefix("mnt:[").removesuffix("]")
    return (("mnt", int(inode)),) if inode.isdigit() else ()


def _try(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except (OSError, Unreadable, Malformed):
        return None


def _strings(data: bytes | None) -> tuple[str, ...] | None:
    if data is None:
        return None
    return tuple(decode(data.removesuffix(b"\0")).split("\0")) if data else ()


def parent_of(table: ProcessTable, pid: int | None) -> Process | None:
    """As much of the parent as tells who it is."""
    if not pid:
        return None
    try:
        with table.open(pid) as directory:
            stat = parse_stat(directory.read_piece("stat"))
            exe = _try(lambda: directory.link("exe"))
            return Process(
                location=directory.location,
                pid=pid,
                ppid=stat.ppid,
                comm=decode(stat.comm),
                state=stat.state,
                kthread=stat.kernel_thread,
                exe=exe,
                exe_file=None if exe is None else _try(lambda: directory.facts("exe", seals=False)),
                cmdline=_strings(_try(lambda: directory.read_piece("cmdline", 4096))),
            )
    except (OSError, Unreadable, Malformed):
        return None


def script_descriptor(process: Process) -> tuple[int, Argument] | None:
    """A descriptor (``O_PATH``) of the script that an interpreter runs; the caller closes it."""
    script = next((a for a in process.arguments if a.script and a.file is not None), None)
    if script is None:
        return None
    place = f"/proc/{process.pid}"
    path = f"{place}/fd/{script.fd}" if script.fd is not None else f"{place}/root{script.path}"
    fd = _try(lambda: os.open(path, os.O_PATH | os.O_CLOEXEC))
    return None if fd is None else (fd, script)
