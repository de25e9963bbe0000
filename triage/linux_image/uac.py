"""A collection that UAC made: its system's files in a folder ``[root]``, its listings beside it.

https://github.com/tclahr/uac (artifacts/live_response/process/*.yaml): UAC collects and never
judges. What its listings say of running processes is judged here like a record of an execution.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from triage.evidence import Root, Unreadable
from triage.executions import kernel_path
from triage.linux_image.tree import Tree
from triage.logged import worth_keeping
from triage.model import Location
from triage.model_linux_image import LogEvent

FOLDER = "[root]"
_MARKS = ("live_response", "uac.log", "uac.log.stderr", "bodyfile", "hash_executables")
_PROCESSES = "live_response/process"
_TEXT_MAX = 16 << 20
_LINKED = re.compile(r"/proc/(\d{1,10})/(exe|cwd) -> (.*)$")
_HASH = re.compile(r"^([0-9a-f]{32,64})\s+\*?/proc/(\d{1,10})/exe$")
_BODY = re.compile(r"^[^|]*\|([^|]+)\|")


def system_root(root: Root) -> Root | None:
    """The folder with the system's files of a collection; ``None`` for other trees.

    The caller closes it. A link of that name is not followed.
    """
    try:
        if not stat.S_ISDIR(root.facts(FOLDER, follow=False).mode):
            return None
        names = root.names("/")
        if not any(mark in names for mark in _MARKS):
            return None
        return Root(f"{root.path.rstrip('/')}/{FOLDER}")
    except Unreadable:
        return None


@dataclass(slots=True)
class _Seen:
    """What the listings say of one process."""

    exe: str | None = None
    cwd: str | None = None
    command: str | None = None
    words: tuple[str, ...] | None = None
    comm: str | None = None
    hashes: list[str] = field(default_factory=list)


def processes(tree: Tree) -> Iterator[LogEvent]:
    """An event for every process of the listings that is notable, in the order of their numbers."""
    found: dict[int, _Seen] = {}
    for name in ("running_processes_full_paths.txt", "ls_-l_proc_pid_cwd.txt"):
        for line in _lines(tree, f"{_PROCESSES}/{name}"):
            match = _LINKED.search(line)
            if match is not None:
                seen = found.setdefault(int(match[1]), _Seen())
                target = _unquoted(match[3])
                if match[2] == "exe":
                    seen.exe = target
                else:
                    seen.cwd = target
    for name in tree.names(_PROCESSES):
        if name.startswith("hash_running_processes"):
            for line in _lines(tree, f"{_PROCESSES}/{name}"):
                hashed = _HASH.match(line)
                if hashed is not None:
                    found.setdefault(int(hashed[2]), _Seen()).hashes.append(hashed[1])
    _commands(tree, found)
    for pid in sorted(found):
        event = _event(tree, pid, found[pid])
        if worth_keeping(event):
            yield event


def _event(tree: Tree, pid: int, seen: _Seen) -> LogEvent:
    return LogEvent(
        location=Location(f"/{_PROCESSES}/running_processes_full_paths.txt", f"pid {pid}"),
        source="uac",
        action="execute",
        pid=pid,
        comm=seen.comm,
        exe=None if seen.exe is None else kernel_path(seen.exe),
        cmdline=seen.words,
        command=None if seen.words else seen.command,
        cwd=seen.cwd,
        facts=tuple(("hash", each) for each in dict.fromkeys(seen.hashes)),
    )


def _commands(tree: Tree, found: dict[int, _Seen]) -> None:
    """Arguments: whole from ``/proc/PID/cmdline``, else as ``ps`` prints them."""
    for line in _lines(tree, f"{_PROCESSES}/ps_auxwww.txt"):
        parts = line.split(None, 10)
        if len(parts) == 11 and parts[1].isdecimal():
            found.setdefault(int(parts[1][:10]), _Seen()).command = parts[10]
    for name in tree.names(f"{_PROCESSES}/proc"):
        if not name.isdecimal() or len(name) > 10:
            continue
        raw = tree.raw(f"{_PROCESSES}/proc/{name}/cmdline.txt", 1 << 20)
        seen = found.setdefault(int(name), _Seen())
        if raw:
            text = raw.rstrip(b"\n").rstrip(b"\0").decode("utf-8", "surrogateescape")
            seen.words = tuple(text.split("\0"))
        comm = tree.raw(f"{_PROCESSES}/proc/{name}/comm.txt", 256)
        if comm:
            seen.comm = comm.strip().decode("utf-8", "surrogateescape")


def volatile_names(tree: Tree) -> Iterator[str]:
    """Files in shared memory that the body file names: they may not have been collected."""
    for line in _lines(tree, "bodyfile/bodyfile.txt"):
        match = _BODY.match(line)
        if match is not None and match[1].startswith(("/dev/shm/", "/run/shm/")):
            yield match[1]


def _lines(tree: Tree, path: str) -> list[str]:
    raw = tree.raw(path, _TEXT_MAX)
    return [] if raw is None else raw.decode("utf-8", "surrogateescape").split("\n")


def _unquoted(target: str) -> str:
    """GNU ls quotes a name with blanks: ``'/memfd:x (deleted)'``."""
    for quote in ("'", '"'):
        if len(target) > 1 and target.startswith(quote) and target.endswith(quote):
            return target[1:-1]
    return target
