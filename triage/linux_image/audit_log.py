"""Audit logs of any size -> the few events worth judging: a sieve, then the joining of records.

Nearly every record of a busy log is ordinary, and says so in one or two fields that repeat: an
executable, an argument list, a title. Each distinct value is judged once and remembered; only
events with a notable value are put together from their records (SYSCALL, EXECVE, CWD, PATH,
PROCTITLE, which may be interleaved with others').
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from triage.commands.cheap import is_telling, ordinary_program
from triage.commands.judge import judge_words
from triage.parsers import Malformed
from triage.parsers.audit import Record, parse_record, title_of
from triage.predicates.executions import named_by, notable_exe
from triage.predicates.interpreters import is_interpreter

_WINDOW = 4 << 20
_AROUND = 128 << 10  # records of one event lie this near to each other
_EVENT, _LINE = 4096, 64 << 10
_REMEMBERED = 100_000
EVENTS_MAX = 4000
#: memfd_create, ptrace, process_vm_writev by architecture: told by numbers that few lines have.
_CALLS = frozenset({
    b"319", b"279", b"356", b"385", b"311", b"271", b"348", b"377", b"101", b"117", b"26",
    b"313", b"273", b"350", b"379", b"memfd_create", b"ptrace", b"process_vm_writev",
    b"finit_module",
})  # fmt: skip


@dataclass(slots=True)
class Sieve:
    """What was seen before: values that are dull, and values that are notable."""

    exes: dict[bytes, bool] = field(default_factory=dict)
    commands: dict[bytes, bool] = field(default_factory=dict)
    programs: dict[bytes, bool] = field(default_factory=dict)
    records: int = 0
    joined: int = 0
    unjoined: int = 0
    unread: int = 0
    hosts: set[bytes] = field(default_factory=set)

    def exe(self, raw: bytes) -> bool:
        """Whether the value of an ``exe=`` field is notable."""
        found = self.exes.get(raw)
        if found is None:
            if len(self.exes) >= _REMEMBERED:
                self.exes.clear()
                self.hosts.clear()
            found = self.exes[raw] = _notable_exe(raw)
            if is_telling(raw.strip(b'"').decode("utf-8", "surrogateescape")):
                self.hosts.add(raw)
        return found

    def program(self, name: bytes) -> bool:
        """Whether a program runs nothing else, by the name it was started by."""
        if len(self.programs) >= _REMEMBERED:
            self.programs.clear()
        found = self.programs[name] = ordinary_program(name)
        return found

    def command(self, raw: bytes, exe: bytes = b"") -> bool:
        """Whether the arguments of an EXECVE or PROCTITLE record are notable.

        ``exe`` is the value of the call's executable, where the arguments' own name may hide it.
        """
        if len(self.commands) >= _REMEMBERED:
            self.commands.clear()
        found = self.commands[raw + exe] = _notable_command(raw, exe)
        return found


def _notable_exe(raw: bytes) -> bool:
    if raw.startswith(b'"'):
        text = raw.strip(b'"').decode("utf-8", "surrogateescape")
    else:
        try:
            text = bytes.fromhex(raw.decode("ascii")).decode("utf-8", "surrogateescape")
        except ValueError:
            return False
    return notable_exe(text)


def _notable_command(raw: bytes, exe: bytes) -> bool:
    """The whole judgement of an EXECVE or PROCTITLE record's arguments."""
    if raw.startswith(b" argc="):
        if _PIECES.search(raw) is not None:
            return True  # in pieces: only the whole can be judged
        words = tuple(
            _text(quoted) if quoted or not bare else _unhex(bare)
            for quoted, bare in _ARGUMENTS.findall(raw)
        )
    else:
        try:
            words = title_of((parse_record(b"type=PROCTITLE msg=audit(0.0:0):%s" % raw),)) or ()
        except Malformed:
            return False
    return notable_words(named_by(_text(exe.strip(b'"')) or None, words))


_PIECES = re.compile(rb" a\d+\[\d+\]=")
_ARGUMENTS = re.compile(rb" a\d+=(?:\"([^\"]*)\"|(\S+))")


def _unhex(raw: bytes) -> str:
    try:
        return _text(bytes.fromhex(raw.decode("ascii")))
    except ValueError:
        return _text(raw)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def notable_words(words: tuple[str, ...] | None) -> bool:
    """Whether a command that was run has anything to judge."""
    return bool(words) and bool(judge_words(words or ()))


# --- the bytes ------------------------------------------------------------------------------


def events(
    chunks: Iterable[bytes], sieve: Sieve, *, progress: Callable[[int], None] | None = None
) -> Iterator[tuple[Record, ...]]:
    """The notable events of a log given in pieces, each as its records in the log's order."""
    data, begin = b"", 0
    for chunk in chunks:
        data += chunk
        if len(data) - begin < _WINDOW:
            continue
        end = data.rfind(b"\n", begin, len(data) - _AROUND) + 1
        if end <= begin:  # no newline in megabytes: not a log
            sieve.unread += 1
            data, begin = data[-_AROUND:], 0
            continue
        yield from _in_window(data, begin, end, sieve)
        keep = max(0, end - _AROUND)
        data, begin = data[keep:], end - keep
        if progress is not None:
            progress(sieve.records)
    yield from _in_window(data, begin, len(data), sieve)


def _in_window(data: bytes, begin: int, end: int, sieve: Sieve) -> Iterator[tuple[Record, ...]]:
    sieve.records += data.count(b"\n", begin, end)
    done: set[bytes] = set()
    for at in sorted(set(_hits(data, begin, end, sieve))):
        start = data.rfind(b"\n", 0, at) + 1
        serial = serial_of(data[start : at + _LINE])
        if serial is None or serial in done:
            continue
        done.add(serial)
        if sieve.joined >= EVENTS_MAX:
            sieve.unjoined += 1
            continue
        sieve.joined += 1
        yield tuple(_records(_lines_with(data, serial, at), sieve))


def serial_of(line: bytes) -> bytes | None:
    """``audit(1700000000.123:456)``: what the records of one event share."""
    start = line.find(b"audit(")
    stop = line.find(b")", start)
    return None if start < 0 or stop < 0 else line[start : stop + 1]


def _lines_with(data: bytes, serial: bytes, near: int) -> Iterator[bytes]:
    """The lines around a place that bear a serial."""
    at, high = max(0, near - _AROUND), min(len(data), near + _AROUND)
    while (at := data.find(serial, at, high)) >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        yield data[start:end]
        at = end


def _records(lines: Iterable[bytes], sieve: Sieve) -> Iterator[Record]:
    for line in lines:
        try:
            yield parse_record(line)
        except Malformed:
            sieve.unread += 1


def _hits(data: bytes, begin: int, end: int, sieve: Sieve) -> Iterator[int]:
    """Places whose own words make their event worth a look."""
    yield from _calls(data, begin, end, sieve)
    for word in _EXECVE if b"type=1309" in data else _EXECVE[:1]:
        yield from _commands(data, begin, end, word, sieve)
    for word in _RARE:
        at = data.find(word, begin, end)
        while at >= 0:
            yield at
            at = data.find(word, at + len(word), end)


def _calls(data: bytes, begin: int, end: int, sieve: Sieve) -> Iterator[int]:
    """By executables and system calls. The first hot loop: once for each call that was recorded."""
    find, exes, hosts = data.find, sieve.exes, sieve.hosts
    at = find(b" exe=", begin, end)
    while at >= 0:
        stop = find(b" ", at + 5, at + _LINE)
        line_end = find(b"\n", at + 5, stop) if stop >= 0 else find(b"\n", at + 5)
        raw = data[at + 5 : stop if line_end < 0 else line_end]
        known = exes.get(raw)
        if known is None:
            known = sieve.exe(raw)
        if known:
            yield at
        else:
            mark = data.rfind(b" syscall=", at - 400 if at > 400 else 0, at)
            if mark >= 0:
                call = data[mark + 9 : find(b" ", mark + 9, at)]
                if (call in _CALLS and _worth(data[mark:stop], raw)) or (
                    raw in hosts and _hosted(data, at, sieve)
                ):
                    yield at
        at = find(b" exe=", at + 5, end)


def _hosted(data: bytes, at: int, sieve: Sieve) -> bool:
    """Of a program that runs what it is given: its directory, its title, a name that hides it."""
    high = at + _EVENT
    mark = data.find(b" argc=", at, high)
    cwd = data.find(b' cwd="/', at, high)
    if cwd >= 0 and data.startswith(_DIRECTORIES, cwd + 6) and _same_event(data, at, cwd):
        return True
    if mark >= 0 and _same_event(data, at, mark):
        first = data.find(b' a0="', mark, mark + 40)
        name = data[first + 5 : data.find(b'"', first + 5)] if first >= 0 else b"sh"
        known = sieve.programs.get(name)
        if not (sieve.program(name) if known is None else known):
            return False  # the arguments are judged on their own account
    else:
        mark = data.find(b" proctitle=", at, high)
        if mark < 0:
            return False
    raw = data[mark : data.find(b"\n", mark)]
    exe = data[at + 5 : data.find(b" ", at + 5, at + _LINE)]
    judged = sieve.commands.get(raw + exe)
    notable = sieve.command(raw, exe) if judged is None else judged
    return notable and _same_event(data, at, mark)


def _same_event(data: bytes, one: int, other: int) -> bool:
    """Whether the records at two places are of one event."""
    serials = [serial_of(data[data.rfind(b"\n", 0, p) + 1 : p]) for p in (one, other)]
    return serials[0] is not None and serials[0] == serials[1]


def _commands(data: bytes, begin: int, end: int, word: bytes, sieve: Sieve) -> Iterator[int]:
    """By arguments. The second hot loop: once for each execution."""
    find, commands, programs = data.find, sieve.commands, sieve.programs
    at = find(word, begin, end)
    while at >= 0:
        mark = find(b" argc=", at, at + 200)
        first = find(b' a0="', mark, mark + 40) if mark >= 0 else -1
        if first >= 0:
            name = data[first + 5 : find(b'"', first + 5)]
            known = programs.get(name)
            ordinary = sieve.program(name) if known is None else known
        else:
            ordinary = mark < 0
        if not ordinary:
            stop = find(b"\n", mark)
            raw = data[mark : stop if stop >= 0 else len(data)]
            known = commands.get(raw)
            if sieve.command(raw) if known is None else known:
                yield at
        at = find(word, at + 11, end)


_DIRECTORIES = (b"/dev/shm", b"/run/", b"/var/run/", b"/var/lock", b"/run/shm")
_EXECVE = (b"type=EXECVE", b"type=1309")
#: A command through sudo, a memory file in any field, a descriptor as a path.
_RARE = (b"type=USER_CMD", b"=2F6D656D66643A", b'="/memfd:', b'name="/proc/self/fd/',
         b'name="/dev/fd/')  # fmt: skip
_INTERESTED = (b'comm="python', b'comm="perl', b'comm="ruby', b'comm="php', b'comm="bash',
               b'comm="sh"', b'comm="dash', b'comm="node', b'comm="curl', b'comm="wget',
               b'comm="nginx', b'comm="apache', b'comm="httpd')  # fmt: skip


def _worth(fields: bytes, exe: bytes) -> bool:
    """A call that matters only from where it is unexpected: not the daemons that always do it."""
    path = exe.strip(b'"').decode("utf-8", "surrogateescape")
    if is_interpreter(path):
        return True
    return any(mark in fields for mark in _INTERESTED)
