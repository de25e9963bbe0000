"""The journal -> the few entries worth judging. A value is stored once however often it was logged:
so the values are sieved, and only a notable one's entries are looked up."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace

from triage.commands.judge import judge
from triage.evidence import Unreadable
from triage.linux_image import audit_events, syslog_events
from triage.linux_image.audit_log import notable_words
from triage.linux_image.items import carried
from triage.linux_image.tree import Tree
from triage.model import Gap, Location, Why
from triage.model.linux_image import LogEvent
from triage.parsers import Malformed
from triage.parsers.audit import Record, arguments_of, call_of, parse_record, title_of
from triage.parsers.journal import Entry, Journal, NoZstd
from triage.predicates.executions import kernel_path, notable_exe, text_reasons
from triage.scope import Scope

_ENTRIES_EACH = 8
_NOTABLE_MAX = 4000
_LARGE = 4096
_LARGE_MAX = 64
_TEXT_MAX = 64 << 10
Fields = dict[str, list[bytes]]


def read_journal(
    tree: Tree, path: str, scope: Scope, deadline: float
) -> Iterator[LogEvent | Gap | int]:
    """Events and gaps of one file; last the number of objects that were sieved."""
    location = tree.locate(path)
    try:
        fd = tree.root.open(path)
    except Unreadable as error:
        yield error.gap
        return
    try:
        size = os.fstat(fd).st_size
        journal = Journal(lambda at, count: os.pread(fd, count, at), size)
        yield from _Sift(journal, path, scope, deadline, location).steps()
    except Malformed as error:
        yield Gap(location, Why.MALFORMED, f"not a readable journal: {error}")
    except OSError as error:
        yield Gap(location, Why.MALFORMED, f"reading the journal failed: {error.strerror}")
    finally:
        os.close(fd)


class _Sift:
    """One pass over one journal file."""

    def __init__(
        self, journal: Journal, path: str, scope: Scope, deadline: float, location: Location
    ) -> None:
        self._journal, self._path, self._scope = journal, path, scope
        self._deadline, self._location = deadline, location
        self._done: set[int] = set()
        self._large = 0
        self._notable = 0
        self._packed = 0
        self._broken = 0
        self.objects = 0

    def steps(self) -> Iterator[LogEvent | Gap | int]:
        late = False
        for offset, flags, payload in self._journal.values(_PREFIXES, _LARGE):
            self.objects += 1
            if self._is_notable(flags, payload):
                yield from self._events_of(offset)
            if self.objects & 0x3FFF == 0 and time.monotonic() > self._deadline:
                late = True
                break
        yield from self._gaps(late)
        yield self.objects

    def _gaps(self, late: bool) -> Iterator[Gap]:
        journal = self._journal
        if late:
            yield Gap(self._location, Why.TIMEOUT, "the time limit came first; read in part")
        if self._packed:
            detail = (
                f"{self._packed} values are compressed with zstd: install zstandard to read them"
            )
            yield Gap(self._location, Why.REFUSED, detail)
        if journal.damage or journal.unreadable or self._broken:
            count = journal.damage + journal.unreadable + self._broken
            yield Gap(self._location, Why.MALFORMED, f"damaged in {count} places; read around them")
        if self._notable > _NOTABLE_MAX:
            detail = f"{self._notable - _NOTABLE_MAX} notable values were counted and not looked up"
            yield Gap(self._location, Why.TRUNCATED, detail)

    # --- the sieve ------------------------------------------------------------------------

    def _is_notable(self, flags: int, payload: bytes) -> bool:
        """Whether a value says anything that is judged, or hides something."""
        value = payload
        if flags:
            try:
                value = self._journal.value(flags, payload, 16 << 20)
            except NoZstd:
                self._packed += 1
                return False
            except Malformed:
                self._broken += 1
                return False
        judged = _JUDGES.get(value[:5])
        if judged is not None and judged(value[:_TEXT_MAX]):
            return True
        return len(value) >= _LARGE and self._is_payload(value)

    def _is_payload(self, value: bytes) -> bool:
        """A large value that may be a program or hide one: only so many are looked into."""
        if self._large >= _LARGE_MAX or value.startswith(b"COREDUMP="):
            return False
        body = value.partition(b"=")[2]
        if not (body[:4] in (b"\x7fELF", b"MZ\x90\0") or _dense(body)):
            return False
        self._large += 1
        return carried(body, self._scope.budget) is not None

    # --- what a value belongs to -----------------------------------------------------------

    def _events_of(self, offset: int) -> Iterator[LogEvent]:
        self._notable += 1
        if self._notable > _NOTABLE_MAX:
            return
        journal = self._journal
        try:
            entries, count = journal.entries_of(offset, _ENTRIES_EACH)
            value = journal.data_at(offset, 16 << 20)
        except (Malformed, NoZstd):
            self._broken += 1
            return
        if not entries:
            entries, count = [Entry(offset, 0, 0, 0, b"", (offset,))], 1
        made = [event for entry in entries for event in self._of_entry(entry, value)]
        yield from made
        if made and count > len(entries):
            yield replace(made[-1], count=count - len(entries))

    def _of_entry(self, entry: Entry, value: bytes) -> Iterator[LogEvent]:
        if entry.offset in self._done:
            return
        self._done.add(entry.offset)
        try:
            fields = self._journal.fields_of(entry)
        except NoZstd:
            fields = {}
        name, _, body = value.partition(b"=")
        fields.setdefault(name.decode("ascii", "replace"), [body])
        place = Location(self._path, f"entry {entry.seqnum}" if entry.seqnum else
                         f"value at byte {entry.offset}")  # fmt: skip
        found = list(self._audit(entry, fields)) or list(of_fields(fields, place, entry.realtime))
        content = carried(body, self._scope.budget) if len(body) >= _LARGE else None
        if content is not None:
            found = [replace(e, content=content) for e in found[:1]] or [
                _common(fields, place, entry.realtime, content=content)
            ]
        yield from found

    def _audit(self, entry: Entry, fields: Fields) -> Iterator[LogEvent]:
        """An audit record in the journal: the others of its event bear the same number."""
        number = fields.get("_AUDIT_ID", [b""])[0]
        if fields.get("_TRANSPORT") != [b"audit"] or not number:
            return
        records: list[Record] = []
        for item in entry.items:
            try:
                if not self._journal.data_at(item, 64).startswith(b"_AUDIT_ID="):
                    continue
                others, _ = self._journal.entries_of(item, 64)
            except (Malformed, NoZstd):
                continue
            for other in others:
                self._done.add(other.offset)
                record = _record(self._journal.fields_of(other), number, other.realtime)
                if record is not None:
                    records.append(record)
        yield from audit_events.log_events(records, self._path, "journal")


def _record(fields: Fields, number: bytes, realtime: int) -> Record | None:
    name = fields.get("_AUDIT_TYPE_NAME", [b""])[0]
    message = fields.get("MESSAGE", [b""])[0].removeprefix(name).lstrip()
    seconds = realtime // 1_000_000
    head = b"type=%s msg=audit(%d.%03d:%s): " % (name, seconds, realtime // 1000 % 1000, number)
    try:
        return parse_record(head + message)
    except Malformed:
        return None


def audit_record(fields: Fields, realtime: int) -> Record | None:
    """The audit record that an entry of the journal is; ``None`` for other entries."""
    number = fields.get("_AUDIT_ID", [b""])[0]
    if fields.get("_TRANSPORT") != [b"audit"] or not number.isdigit():
        return None
    return _record(fields, number, realtime)


def _first(fields: Fields, *names: str) -> str | None:
    for name in names:
        if fields.get(name):
            return fields[name][0].decode("utf-8", "surrogateescape")
    return None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 12 else None


def _common(fields: Fields, place: Location, realtime: int, **more: object) -> LogEvent:
    exe = _first(fields, "_EXE", "_AUDIT_FIELD_EXE", "AUDIT_FIELD_EXE")
    given: dict[str, object] = {
        "location": place, "source": "journal", "action": "message",
        "time": audit_events.time_of(realtime // 1_000_000) if realtime else None,
        "pid": _number(_first(fields, "_PID")), "uid": _number(_first(fields, "_UID")),
        "comm": _first(fields, "_COMM"),
        "exe": None if exe is None else kernel_path(exe.strip('"')),
        "command": _first(fields, "_CMDLINE"), "unit": _first(fields, "_SYSTEMD_UNIT"),
        "container": _first(fields, "CONTAINER_NAME"),
    }  # fmt: skip
    return LogEvent(**(given | more))  # type: ignore[arg-type]


def of_fields(fields: Fields, place: Location, realtime: int) -> Iterator[LogEvent]:
    """What one entry tells: who wrote it, and what it says of another."""
    if fields.get("COREDUMP_EXE") or fields.get("COREDUMP_PID"):
        yield _crash(fields, place, realtime)
    message = (_first(fields, "MESSAGE") or "")[:_TEXT_MAX]
    program = (_first(fields, "SYSLOG_IDENTIFIER") or "").lower()
    kernel = fields.get("_TRANSPORT") == [b"kernel"]
    reader = syslog_events.kernel if kernel else syslog_events.READERS.get(program)
    found = None
    if "Linux-Sysmon" in message:
        found = syslog_events.sysmon(message, place)
    elif reader is not None and (kernel or program != "kernel"):
        found = reader(message, place)
    if found is not None:
        moment = audit_events.time_of(realtime // 1_000_000) if realtime else None
        source = found.source if found.source == "sysmon" else "journal"
        yield replace(found, source=source, time=found.time or moment)
    yield _common(fields, place, realtime)


def _crash(fields: Fields, place: Location, realtime: int) -> LogEvent:
    exe = _first(fields, "COREDUMP_EXE")
    return _common(
        fields, place, realtime, action="crash", comm=_first(fields, "COREDUMP_COMM"),
        exe=None if exe is None else kernel_path(exe), cwd=_first(fields, "COREDUMP_CWD"),
        pid=_number(_first(fields, "COREDUMP_PID")), uid=_number(_first(fields, "COREDUMP_UID")),
        command=_first(fields, "COREDUMP_CMDLINE"), unit=_first(fields, "COREDUMP_UNIT"),
        facts=(("core file", _first(fields, "COREDUMP_FILENAME") or "not kept"),),
    )  # fmt: skip


# --- values --------------------------------------------------------------------------------


def _text(value: bytes) -> str:
    return value.partition(b"=")[2].decode("utf-8", "surrogateescape")


def _exe(value: bytes) -> bool:
    if not value.startswith((b"_EXE=", b"COREDUMP_EXE=")):
        return False
    return notable_exe(_text(value))


def _command(value: bytes) -> bool:
    if not value.startswith((b"_CMDLINE=", b"COREDUMP_CMDLINE=")):
        return False
    return bool(text_reasons(_text(value), ""))


def _crashed(value: bytes) -> bool:
    return _exe(value) or _command(value)


def _message(value: bytes) -> bool:
    """Whether a message is of the few kinds that tell of an execution."""
    first = value[8:9]
    if first == b"(" and b" CMD (" in value:
        return _logged_command(value[8:])
    if first in b"EPS" and value.startswith(_AUDIT):
        return _audited(value[8:])
    if b"COMMAND=" in value:
        return _logged_command(value[8:])
    return b"memfd" in value or b"be preloaded" in value or b"Linux-Sysmon" in value


_AUDIT = (b"MESSAGE=EXECVE ", b"MESSAGE=PROCTITLE ", b"MESSAGE=SYSCALL ")


def _audited(message: bytes) -> bool:
    kind, _, rest = message.partition(b" ")
    try:
        record = parse_record(b"type=%s msg=audit(0.0:0): %s" % (kind, rest))
    except Malformed:
        return False
    if kind == b"SYSCALL":
        exe = record.fields.get("exe", "")
        return notable_exe(exe) or call_of(record) in ("memfd_create", "process_vm_writev")
    return notable_words(arguments_of((record,)) or title_of((record,)))


def _logged_command(message: bytes) -> bool:
    text = message.decode("utf-8", "surrogateescape")
    return any(
        event is not None and event.command is not None and bool(judge(event.command))
        for event in (reader(text, Location("")) for reader in set(syslog_events.READERS.values()))
    )


_JUDGES = {b"_EXE=": _exe, b"_CMDL": _command, b"MESSA": _message, b"CORED": _crashed}
_PREFIXES = frozenset(_JUDGES)


def _dense(body: bytes) -> bool:
    """Whether a value has a long run of encoded text."""
    from triage.content.measure import longest_encoded_run

    return longest_encoded_run(body[: 1 << 20]) >= 256
