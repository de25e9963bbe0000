"""Lines of syslog and of the kernel's log that tell of an execution, found by a few words.

The kernel's warning about ``memfd_create`` (Linux 6.3), commands through sudo and cron, events of
Sysmon for Linux (XML in the message), the loader's complaint about a preloaded library, crashes in
a memory file. Audit records that were sent to syslog go the way of audit logs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from triage.commands.places import volatile
from triage.linux_image.sysmon_events import log_event
from triage.model import Location
from triage.model.linux_image import LogEvent
from triage.parsers import Malformed
from triage.parsers.sysmon import parse_event
from triage.predicates.executions import kernel_path

_LINE = re.compile(
    rb"(?:<\d{1,3}>)?(?:\d )?"
    rb"(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|"
    rb"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))? ?"
    rb"(?:(?P<host>[\w.:-]+) )?(?P<program>[\w./()-]+?)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$",
    re.DOTALL,
)
_MEMFD_NEW = re.compile(r"(.{1,64}?)\[(\d+)\]: memfd_create\(\) called without MFD_EXEC")
_MEMFD_OLD = re.compile(
    r"memfd_create\(\) without MFD_EXEC nor MFD_NOEXEC_SEAL, pid=(\d+) '([^']*)'"
)
_SUDO = re.compile(
    r"^\s*(\S+) : (?:.*?; )?PWD=(\S+) ; USER=(\S+) ; (?:GROUP=\S+ ; )?(?:ENV=.*? ; )?COMMAND=(.*)$"
)
_CRON = re.compile(r"^\((\S+)\) CMD \((.*)\)\s*$", re.DOTALL)
_PRELOAD = re.compile(r"object '([^']+)' from (LD_PRELOAD|/etc/ld\.so\.preload)")
_SEGFAULT = re.compile(r"(.{1,64}?)\[(\d+)\]: segfault at .* in (memfd:[^\[]*?)(?: \(deleted\))?\[")
WORDS = (b"memfd", b"COMMAND=", b" CMD (", b"Linux-Sysmon", b"cannot be preloaded")
_LINE_MAX = 16 << 10


def lines_with(pieces: Iterable[bytes], words: tuple[bytes, ...]) -> Iterator[tuple[int, bytes]]:
    """(offset, line) of every line with one of the words, in the order of the file."""
    offset, rest = 0, b""
    for piece in pieces:
        data = rest + piece
        cut = data.rfind(b"\n") + 1
        rest = data[cut:] if len(data) - cut < 1 << 20 else b""
        yield from _found_in(data[:cut], offset, words)
        offset += len(data) - len(rest)
    yield from _found_in(rest + b"\n", offset, words)


def _found_in(data: bytes, offset: int, words: tuple[bytes, ...]) -> Iterator[tuple[int, bytes]]:
    starts = set()
    for word in words:
        at = data.find(word)
        while at >= 0:
            start = data.rfind(b"\n", 0, at) + 1
            starts.add(start)
            end = data.find(b"\n", at)
            at = data.find(word, end) if end >= 0 else -1
    for start in sorted(starts):
        end = data.find(b"\n", start)
        yield offset + start, data[start : end if end >= 0 else len(data)]


def log_events(
    pieces: Iterable[bytes], path: str, keep: Callable[[LogEvent], bool]
) -> Iterator[LogEvent]:
    """The events of one file that are worth keeping; lines that repeat are judged once."""
    seen: dict[bytes, bool] = {}
    for offset, line in lines_with(pieces, WORDS):
        body = line[line.find(b": ") :]
        if seen.get(body) is False:
            continue
        if len(seen) > 50_000:
            seen.clear()
        event = of_line(line, path, offset)
        seen[body] = event is not None and keep(event)
        if event is not None and seen[body]:
            yield event


def of_line(line: bytes, path: str, offset: int) -> LogEvent | None:
    """What one line tells, if it tells of anything; never raises."""
    match = _LINE.match(line[:_LINE_MAX])
    if match is None:
        return None
    program = match["program"].rsplit(b"/", 1)[-1].strip(b"()").decode("ascii", "replace")
    message = match["message"].decode("utf-8", "surrogateescape")
    place = Location(path, f"byte {offset}")
    time = (match["time"] or b"").decode("ascii")
    reader = READERS.get(program.lower())
    found = None
    if b"Linux-Sysmon" in line:
        found = sysmon(message, place)
    elif reader is not None:
        found = reader(message, place)
    elif _PRELOAD.search(message):
        found = _preloaded(message, place)
    if found is None or not time:
        return found
    return with_time(found, time)


def is_line(line: bytes) -> bool:
    """Whether a line has the form of syslog, whatever it tells."""
    match = _LINE.match(line)
    return match is not None and match["time"] is not None


def with_time(event: LogEvent, written: str) -> LogEvent:
    """The event with the line's own time, in UTC where it names its zone; else as it is written."""
    from dataclasses import replace
    from datetime import UTC, datetime

    if event.time is not None:
        return event
    if written[:1].isdigit():
        try:
            moment = datetime.fromisoformat(written).astimezone(UTC)
            return replace(event, time=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
        except (ValueError, OverflowError):
            return event
    return replace(event, facts=(*event.facts, ("written", written)))


def kernel(message: str, place: Location) -> LogEvent | None:
    """A line of the kernel's log."""
    message = re.sub(r"^\[\s*[\d.]+\]\s*", "", message)
    match = _MEMFD_NEW.search(message)
    if match is not None:
        return _made(match[1], match[2], place)
    match = _MEMFD_OLD.search(message)
    if match is not None:
        return _made(match[2], match[1], place)
    match = _SEGFAULT.search(message)
    if match is not None:
        return LogEvent(place, "syslog", "crash", pid=_pid(match[2]), comm=match[1].strip(),
                        exe=kernel_path(match[3].strip()), first_hand=True)  # fmt: skip
    return None


def _made(comm: str, pid: str, place: Location) -> LogEvent:
    return LogEvent(place, "syslog", "create-memfd", pid=_pid(pid), comm=comm.strip(),
                    facts=(("kernel", "without MFD_EXEC or MFD_NOEXEC_SEAL"),))  # fmt: skip


def _sudo(message: str, place: Location) -> LogEvent | None:
    match = _SUDO.match(message)
    if match is None:
        return None
    first = match[4].split(" ", 1)[0]
    return LogEvent(place, "syslog", "execute", command=match[4][:8192], cwd=match[2],
                    first_hand=False, exe=first if first.startswith("/") else None,
                    parent="sudo", facts=(("user", match[1]), ("as", match[3])))  # fmt: skip


def _cron(message: str, place: Location) -> LogEvent | None:
    match = _CRON.match(message)
    if match is None:
        return None
    return LogEvent(place, "syslog", "execute", command=match[2][:8192], first_hand=False,
                    parent="cron", facts=(("user", match[1]),))  # fmt: skip


def _preloaded(message: str, place: Location) -> LogEvent | None:
    match = _PRELOAD.search(message)
    if match is None or volatile(match[1]) is None:
        return None
    return LogEvent(place, "syslog", "message", command=f"LD_PRELOAD={match[1]} true",
                    first_hand=False, paths=(match[1],))  # fmt: skip


def sysmon(message: str, place: Location) -> LogEvent | None:
    """A message that holds an event of Sysmon for Linux, perhaps cut short."""
    start, end = message.find("<Event"), message.find("</Event>")
    if start < 0:
        return None
    text = message[start:] if end < 0 else message[start : end + 8]
    try:
        return log_event(parse_event(text), place)
    except Malformed:
        return None


def _pid(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


#: program (lower case) -> what reads its messages
READERS: dict[str, Callable[[str, Location], LogEvent | None]] = {
    "kernel": kernel, "sudo": _sudo, "cron": _cron, "crond": _cron, "anacron": _cron,
}  # fmt: skip
