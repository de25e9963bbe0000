"""Audit logs of any size -> the few events worth judging: a sieve, then the joining of records.

Nearly every record of a busy log is ordinary, and says so in one or two fields that repeat: an
executable, an argument list, a title. Each distinct value is judged once and remembered; only
events with a notable value are put together from their records (SYSCALL, EXECVE, CWD, PATH,
PROCTITLE, which may be interleaved with others').
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from triage.commands.judge import judge_words
from triage.executions import notable_exe
from triage.interpreters import is_interpreter
from triage.parsers import Malformed
from triage.parsers.audit import Record, arguments_of, parse_record, title_of

CHUNK = 1 << 20
_AROUND = 300  # records of one event lie this near to each other
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
    records: int = 0
    joined: int = 0
    unjoined: int = 0
    unread: int = 0
    calls: set[bytes] = field(default_factory=set)

    def exe(self, raw: bytes) -> bool:
        """Whether the value of an ``exe=`` field is notable."""
        found = self.exes.get(raw)
        if found is None:
            if len(self.exes) >= _REMEMBERED:
                self.exes.clear()
            found = self.exes[raw] = _notable_exe(raw)
        return found

    def command(self, raw: bytes) -> bool:
        """Whether the arguments of an EXECVE or PROCTITLE record are notable."""
        found = self.commands.get(raw)
        if found is None:
            if len(self.commands) >= _REMEMBERED:
                self.commands.clear()
            found = self.commands[raw] = _notable_command(raw)
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


def _notable_command(raw: bytes) -> bool:
    kind = b"EXECVE" if raw.startswith(b" argc=") else b"PROCTITLE"
    try:
        record = parse_record(b"type=%s msg=audit(0.0:0):%s" % (kind, raw))
    except Malformed:
        return False
    if any("[" in name for name in record.fields):
        return True  # in pieces: only the whole can be judged
    words = arguments_of((record,)) or title_of((record,))
    return bool(words) and notable_words(words)


def notable_words(words: tuple[str, ...] | None) -> bool:
    """Whether a command that was run has anything to judge."""
    return bool(words) and bool(judge_words(words or ()))


# --- the lines ------------------------------------------------------------------------------


def events(
    chunks: Iterable[bytes], sieve: Sieve, *, progress: Callable[[int], None] | None = None
) -> Iterator[tuple[Record, ...]]:
    """The notable events of a log given in pieces, each as its records in the log's order."""
    carried: list[bytes] = []
    begin, rest = 0, b""
    for chunk in chunks:
        data = rest + chunk
        cut = data.rfind(b"\n") + 1
        data, rest = data[:cut], data[cut:]
        if len(rest) > 1 << 20:  # no newline in a megabyte: not a log
            sieve.unread += 1
            rest = b""
        window = carried + data.split(b"\n")
        if window and not window[-1]:
            window.pop()
        until = max(begin, len(window) - _AROUND)
        yield from _in_window(window, begin, until, sieve)
        keep = max(0, until - _AROUND)
        carried, begin = window[keep:], until - keep
        if progress is not None:
            progress(sieve.records)
    window = [*carried, rest] if rest else carried
    yield from _in_window(window, begin, len(window), sieve)


def _in_window(
    window: list[bytes], begin: int, end: int, sieve: Sieve
) -> Iterator[tuple[Record, ...]]:
    done: set[bytes] = set()
    for at in _hits(window, begin, end, sieve):
        serial = serial_of(window[at])
        if serial is None or serial in done:
            continue
        done.add(serial)
        if sieve.joined >= EVENTS_MAX:
            sieve.unjoined += 1
            continue
        sieve.joined += 1
        low = max(0, at - _AROUND)
        lines = [line for line in window[low : at + _AROUND] if serial in line]
        yield tuple(_records(lines, sieve))


def serial_of(line: bytes) -> bytes | None:
    """``audit(1700000000.123:456)``: what the records of one event share."""
    start = line.find(b"audit(")
    stop = line.find(b")", start)
    return None if start < 0 or stop < 0 else line[start : stop + 1]


def _records(lines: Iterable[bytes], sieve: Sieve) -> Iterator[Record]:
    for line in lines:
        try:
            yield parse_record(line)
        except Malformed:
            sieve.unread += 1


def _hits(window: list[bytes], begin: int, end: int, sieve: Sieve) -> list[int]:
    """The numbers of lines whose own words make their event worth a look. The hot loop."""
    found = []
    exes, commands = sieve.exes, sieve.commands
    sieve.records += end - begin
    for at in range(begin, end):
        line = window[at]
        start = line.find(b"type=", 0, 300)
        kind = line[start + 5 : start + 9]
        kind = _NUMBERED.get(kind, kind)
        if kind == b"SYSC":
            mark = line.find(b" exe=")
            raw = line[mark + 5 : line.find(b" ", mark + 5)]
            hit = exes.get(raw)
            if hit is None:
                hit = sieve.exe(raw)
            if not hit:
                mark = line.find(b" syscall=")
                call = line[mark + 9 : line.find(b" ", mark + 9)]
                hit = call in _CALLS and _worth(call, line, raw)
                sieve.calls.add(call)
        elif kind == b"EXEC":
            raw = line[line.find(b" argc=") :]
            hit = commands.get(raw)
            if hit is None:
                hit = sieve.command(raw)
        elif kind == b"PATH":
            mark = line.find(b" name=")
            name = line[mark + 6 : mark + 15]
            hit = name in _PATHS and b"/fd/" in line
        elif kind == b"PROC":
            raw = line[line.find(b" proctitle=") :]
            hit = commands.get(raw)
            if hit is None:
                hit = sieve.command(raw)
        else:
            hit = kind in _OTHERS and _other(line)
        if hit:
            found.append(at)
    return found


_PATHS = frozenset({b'"/proc/se', b'"/dev/fd/', b'"/proc/th'})
_OTHERS = frozenset({b"USER", b"AVC ", b"1400", b"ANOM"})
_NUMBERED = {b"1300": b"SYSC", b"1309": b"EXEC", b"1302": b"PATH", b"1327": b"PROC"}


def _other(line: bytes) -> bool:
    """Records of other kinds: a command through sudo, a denied memory file, the kernel's
    numbers.
    """
    if b"type=USER_CMD" in line:
        return True
    return b"=2F6D656D66643A" in line or b'"/memfd:' in line or b'"/dev/shm/' in line


_INTERESTED = (b"comm=\"python", b"comm=\"perl", b"comm=\"ruby", b"comm=\"php", b"comm=\"bash",
               b"comm=\"sh\"", b"comm=\"dash", b"comm=\"node", b"comm=\"curl", b"comm=\"wget",
               b"comm=\"nginx", b"comm=\"apache", b"comm=\"httpd")  # fmt: skip


def _worth(call: bytes, line: bytes, exe: bytes) -> bool:
    """A call that matters only from where it is unexpected: not the daemons that always do it."""
    path = exe.strip(b'"').decode("utf-8", "surrogateescape")
    return is_interpreter(path) or any(mark in line for mark in _INTERESTED)
