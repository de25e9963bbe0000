"""What a UAC collection's listings say of the processes that ran, each made into recorded events.

``ls -l`` of the links in ``/proc`` (executables, directories, descriptors), copies of ``maps``,
``status``, ``environ`` and ``cmdline``, ``ps``, ``lsof``, hashes of executables, and the files that
UAC recovered from deleted programs and memory files. A process's executable memory from volatile
places is an event of its own (``load``), and so is a library that its environment preloads.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from triage.commands.judge import PRELOADS, preload
from triage.linux_image.tree import Tree
from triage.model import Content, Location
from triage.model.linux_image import LogEvent
from triage.parsers import Malformed
from triage.parsers.procfs import number, parse_map_line, parse_status
from triage.predicates.executions import kernel_path, notable_exe
from triage.predicates.interpreters import is_interpreter
from triage.predicates.logged import known_memfd, volatile_code, worth_keeping
from triage.scope import Budget, Limits

PROCESSES = "live_response/process"
_LISTED = f"{PROCESSES}/running_processes_full_paths.txt"
_TEXT_MAX, _ONE_MAX, _MAPS_MAX = 16 << 20, 1 << 20, 8 << 20
_PIDS_MAX = 100_000
_RECOVERED_MAX = 20 << 20  # as much as UAC recovers of one file
_LINKED = re.compile(r"/proc/(\d{1,10})/(exe|cwd) -> (.*)$")
_FD = re.compile(r"\s(\d{1,7}) -> (.*)$")
_HASH = re.compile(r"^([0-9a-f]{32,64})\s+\*?(/.*)$")
_EXE = re.compile(r"/proc/(\d{1,10})/exe$")
_LSOF = re.compile(r"^\S.{0,60}?\s(\d{1,10})\s+(?:\d+\s+\S+\s+)?\S+\s+txt\s+REG\s.*?\s(/.*)$")


@dataclasses.dataclass(slots=True)
class _Seen:
    """What the listings say of one process."""

    exe: str | None = None
    cwd: str | None = None
    command: str | None = None
    words: tuple[str, ...] | None = None
    comm: str | None = None
    ppid: int | None = None
    uid: int | None = None
    hashes: list[str] = dataclasses.field(default_factory=list)


def processes(tree: Tree, limits: Limits, budget: Budget) -> Iterator[LogEvent]:
    """The notable events of every process of the listings, in the order of their numbers."""
    found: dict[int, _Seen] = {}
    _links(tree, found)
    _commands(tree, found)
    installed = _hashes(tree, found)
    own = {name for name in tree.names(f"{PROCESSES}/proc") if name.isdecimal()}
    for pid in sorted(found)[:_PIDS_MAX]:
        seen = found[pid]
        if str(pid) in own:
            _copied(tree, pid, seen)
        for event in _Process(tree, pid, seen, found, installed, str(pid) in own).events():
            event = dataclasses.replace(event, content=_recovered(tree, event, limits, budget))
            if worth_keeping(event):
                yield event


@dataclasses.dataclass(slots=True)
class _Process:
    """One process, with what else is known of the whole listing."""

    tree: Tree
    pid: int
    seen: _Seen
    found: dict[int, _Seen]
    installed: dict[str, str]
    copied: bool

    def events(self) -> Iterator[LogEvent]:
        yield self._event("execute", self.memfds() if self._interpreter() else ())
        if self.copied:
            code = tuple(dict.fromkeys(self._code()))[:16]
            if code:
                yield self._event("load", code)
            for name, value in self._preloads():
                command = f"{name}={value} {self.seen.exe or 'program'}"
                yield dataclasses.replace(
                    self._event("message", ()), command=command, cmdline=None, exe=None
                )

    def _interpreter(self) -> bool:
        return self.copied and self.seen.exe is not None and is_interpreter(self.seen.exe)

    def _event(self, action: str, paths: tuple[str, ...]) -> LogEvent:
        seen = self.seen
        parent = self.found.get(seen.ppid) if seen.ppid is not None else None
        return LogEvent(
            location=Location(f"/{_LISTED}", f"pid {self.pid}"),
            source="uac",
            action=action,
            pid=self.pid,
            ppid=seen.ppid,
            uid=seen.uid,
            comm=seen.comm,
            exe=None if seen.exe is None else kernel_path(seen.exe),
            cmdline=seen.words,
            command=None if seen.words else seen.command,
            cwd=seen.cwd,
            parent=None if parent is None else parent.comm,
            paths=paths,
            facts=tuple(self._facts()),
        )

    def _facts(self) -> Iterator[tuple[str, str]]:
        for each in dict.fromkeys(self.seen.hashes):
            yield "hash", each
        same = next((self.installed[h] for h in self.seen.hashes if h in self.installed), None)
        if same is not None:
            yield "same content as", same

    def memfds(self) -> tuple[str, ...]:
        """Memory files among its descriptors."""
        links = (_unquoted(m[2]) for m in map(_FD.search, self._lines("fd.txt")) if m)
        return tuple(dict.fromkeys(one for one in links if one.startswith("/memfd:")))[:16]

    def _code(self) -> Iterator[str]:
        """Volatile files that executable memory was mapped from, but its own executable."""
        for line in self._lines("maps.txt", _MAPS_MAX):
            try:
                mapping = parse_map_line(line.encode("utf-8", "surrogateescape"))
            except Malformed:
                continue
            path = mapping.path.decode("utf-8", "surrogateescape")
            if "x" in mapping.perms and volatile_code(path) and path != self.seen.exe:
                yield path

    def _preloads(self) -> Iterator[tuple[str, str]]:
        for line in self._lines("environ.txt"):
            name, _, value = line.partition("=")
            if name in PRELOADS and preload(name, value):
                yield name, value

    def _lines(self, name: str, limit: int = _ONE_MAX) -> list[str]:
        return lines_of(self.tree, f"{PROCESSES}/proc/{self.pid}/{name}", limit)


def _links(tree: Tree, found: dict[int, _Seen]) -> None:
    for name in ("running_processes_full_paths.txt", "ls_-l_proc_pid_cwd.txt", "ls_-l_proc.txt"):
        for line in lines_of(tree, f"{PROCESSES}/{name}"):
            match = _LINKED.search(line)
            if match is not None:
                seen = found.setdefault(int(match[1]), _Seen())
                setattr(seen, match[2], _unquoted(match[3]))
    for line in lines_of(tree, f"{PROCESSES}/lsof_-nPl.txt"):
        match = _LSOF.match(line)
        if match is not None:
            seen = found.setdefault(int(match[1]), _Seen())
            seen.exe = seen.exe or match[2]


def _hashes(tree: Tree, found: dict[int, _Seen]) -> dict[str, str]:
    """Notes the hashes of running programs; returns those of installed executables by hash."""
    for name in tree.names(PROCESSES):
        if name.startswith("hash_running_processes"):
            for line in lines_of(tree, f"{PROCESSES}/{name}"):
                hashed = _HASH.match(line)
                exe = hashed and _EXE.match(hashed[2])
                if hashed and exe:
                    found.setdefault(int(exe[1]), _Seen()).hashes.append(hashed[1])
    wanted = {each for seen in found.values() if _memory(seen) for each in seen.hashes}
    installed: dict[str, str] = {}
    for name in tree.names("hash_executables") if wanted else ():
        for line in lines_of(tree, f"hash_executables/{name}"):
            hashed = _HASH.match(line)
            if hashed and hashed[1] in wanted and not hashed[2].startswith("/proc/"):
                installed.setdefault(hashed[1], hashed[2])
    return installed


def _memory(seen: _Seen) -> bool:
    return seen.exe is not None and notable_exe(seen.exe)


def _commands(tree: Tree, found: dict[int, _Seen]) -> None:
    """Arguments as ``ps`` prints them, and the parents."""
    for line in lines_of(tree, f"{PROCESSES}/ps_auxwww.txt"):
        parts = line.split(None, 10)
        if len(parts) == 11 and parts[1].isdecimal():
            found.setdefault(int(parts[1][:10]), _Seen()).command = parts[10]
    for line in lines_of(tree, f"{PROCESSES}/ps_-ef.txt"):
        parts = line.split(None, 7)
        if len(parts) == 8 and parts[1].isdecimal() and parts[2].isdecimal():
            seen = found.setdefault(int(parts[1][:10]), _Seen())
            seen.ppid = int(parts[2][:10])
            seen.command = seen.command or parts[7]


def _copied(tree: Tree, pid: int, seen: _Seen) -> None:
    """What the copies of a process's own files in ``/proc`` add."""
    top = f"{PROCESSES}/proc/{pid}"
    raw = (tree.raw(f"{top}/cmdline.txt", _ONE_MAX) or b"").rstrip(b"\n")
    if b"\0" in raw:
        text = raw.rstrip(b"\0").decode("utf-8", "surrogateescape")
        seen.words = tuple(text.split("\0"))
    elif raw and seen.command is None:  # through strings: a line each, short words are missing
        seen.command = raw.decode("utf-8", "surrogateescape").replace("\n", " ")
    comm = tree.raw(f"{top}/comm.txt", 256)
    if comm:
        seen.comm = comm.strip().decode("utf-8", "surrogateescape")
    status = parse_status(tree.raw(f"{top}/status.txt", 64 << 10) or b"")
    uids = status.get("Uid", b"").split()
    seen.uid = number(uids[1]) if len(uids) > 1 else seen.uid
    seen.ppid = number(status.get("PPid", b"").strip()) if "PPid" in status else seen.ppid


def _recovered(tree: Tree, event: LogEvent, limits: Limits, budget: Budget) -> Content | None:
    """What UAC recovered of a program without a file, or of an interpreter's memory file.

    Deleted programs on disk are left out: a daemon after an upgrade is one.
    """
    top = f"{PROCESSES}/proc/{event.pid}"
    names: list[str] = []
    if event.action == "execute" and event.exe is not None and notable_exe(event.exe):
        names = [] if known_memfd(event.exe) else [f"{top}/recovered_exe"]
    if event.action == "execute" and any(not known_memfd(path) for path in event.paths):
        names += [f"{top}/fd/{fd}/recovered_file" for fd in tree.names(f"{top}/fd")[:64]]
    for name in names:
        data = tree.raw(name, _RECOVERED_MAX)
        if data:
            return _examined(data, limits, budget)
    return None


def _examined(data: bytes, limits: Limits, budget: Budget) -> Content:
    import hashlib

    from triage.content.examine import glance

    digest = hashlib.sha256(data).hexdigest()
    content = budget.seen.get(digest) or glance(data, size=len(data))
    budget.seen[digest] = content
    kept = data[: budget.take(min(len(data), limits.keep))]
    return dataclasses.replace(content, sha256=digest, kept=kept)


def lines_of(tree: Tree, path: str, limit: int = _TEXT_MAX) -> list[str]:
    raw = tree.raw(path, limit)
    return [] if raw is None else raw.decode("utf-8", "surrogateescape").split("\n")


def _unquoted(target: str) -> str:
    """GNU ls quotes a name with blanks: ``'/memfd:x (deleted)'``."""
    for quote in ("'", '"'):
        if len(target) > 1 and target.startswith(quote) and target.endswith(quote):
            return target[1:-1]
    return target
