"""A file of events, of whichever of the known shapes: lines in, events out, nothing held.

JSON lines (Tracee, Falco, Tetragon, ``journalctl -o json``), audit records, the journal's export
format, Sysmon for Linux, Falco's text, syslog. What is none of these is counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from triage.linux_image import (
    audit_events,
    audit_log,
    falco_events,
    journal_events,
    syslog_events,
    tetragon_events,
    tracee_events,
)
from triage.linux_image.items import carried
from triage.model import Gap, Location, Why
from triage.model.linux_image import LogEvent
from triage.scene import volatile_place
from triage.scope import Budget

_LINE_MAX = 8 << 20
_HELD = 256  # audit lines that wait for the others of their event


class Foreign:
    """One file. ``lines`` counts all, ``unknown`` those of no known shape."""

    def __init__(self, path: str, budget: Budget | None = None) -> None:
        self._path, self._budget = path, budget
        self.lines = self.unknown = self.malformed = self.cut = 0
        self._audit: list[bytes] = []
        self._sieve = audit_log.Sieve()
        self._entry: dict[str, list[bytes]] = {}

    def events(self, pieces: Iterable[bytes]) -> Iterator[LogEvent]:
        """Every event that any line tells of; judging is the caller's."""
        source = _Lines(pieces)
        for line in source:
            self.lines += 1
            if source.too_long:
                self.cut += 1
                source.too_long = False
                continue
            yield from self._line(line, source)
        yield from self._export()
        yield from self._audited(last=True)

    def gaps(self) -> Iterator[Gap]:
        """What was not understood, in sentences."""
        location = Location(self._path)
        if self.unknown:
            detail = f"{self.unknown} of {self.lines} lines are of no known shape; not judged"
            yield Gap(location, Why.MALFORMED, detail)
        if self.malformed:
            yield Gap(location, Why.MALFORMED, f"{self.malformed} lines are damaged JSON")
        if self.cut:
            yield Gap(location, Why.TRUNCATED, f"{self.cut} lines are longer than any event")
        if self._sieve.unjoined:
            detail = f"{self._sieve.unjoined} more notable events were counted and not put together"
            yield Gap(location, Why.TRUNCATED, detail)

    # --- one line ---------------------------------------------------------------------------

    def _line(self, line: bytes, source: _Lines) -> Iterator[LogEvent]:
        stripped = line.strip()
        place = Location(self._path, f"line {self.lines}")
        if not stripped:
            yield from self._export()
        elif stripped.startswith(b"{"):
            yield from self._json(stripped.rstrip(b","), place)
        elif b"audit(" in stripped[:400]:
            self._audit.append(line)
            if len(self._audit) >= _HELD * 8:
                yield from self._audited(last=False)
        elif b"<Event" in stripped and b"Linux-Sysmon" in stripped:
            found = syslog_events.of_line(line, self._path, 0) or syslog_events.sysmon(
                stripped.decode("utf-8", "surrogateescape"), place
            )
            if found is not None:
                yield replace(found, location=place)
        elif self._field(stripped, source):
            return
        else:
            yield from self._text(line, place)

    def _text(self, line: bytes, place: Location) -> Iterator[LogEvent]:
        text = line.decode("utf-8", "surrogateescape")
        found = falco_events.of_text(text, place) or syslog_events.of_line(line, self._path, 0)
        if found is not None:
            yield replace(found, location=place)
        elif not syslog_events.is_line(line) and line.strip() not in (b"[", b"]", b"----"):
            self.unknown += 1

    def _json(self, line: bytes, place: Location) -> Iterator[LogEvent]:
        if line.count(b"[") + line.count(b"{") > 100_000:
            self.malformed += 1
            return
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            self.malformed += 1
            return
        if tracee_events.is_tracee(record):
            event = tracee_events.log_event(record, place)
            if event is not None:
                yield self._with_payload(event, record)
        elif falco_events.is_falco(record):
            yield falco_events.log_event(record, place)
        elif tetragon_events.is_tetragon(record):
            event = tetragon_events.log_event(record, place)
            if event is not None:
                yield event
        elif "__REALTIME_TIMESTAMP" in record or "__CURSOR" in record:
            fields = {str(k): list(_values(v)) for k, v in record.items()}
            yield from self._journal(fields, place)
        else:
            self.unknown += 1

    def _with_payload(self, event: LogEvent, record: dict[str, Any]) -> LogEvent:
        """What a write into memory began with; a package manager writes programs all day."""
        written = dict(event.facts).get("written", "")
        if self._budget is None or not _in_memory(written):
            return event
        data = tracee_events.written_bytes(tracee_events.arguments_of(record))
        return event if not data else replace(event, content=carried(data, self._budget))

    # --- the journal's export format ---------------------------------------------------------

    def _field(self, line: bytes, source: _Lines) -> bool:
        """``NAME=value``, or ``NAME`` alone with a length and bytes after it."""
        name, sign, value = line.partition(b"=")
        if not name or not name.replace(b"_", b"").isalnum() or name != name.upper():
            return False
        if not sign and not (self._entry or name.startswith(b"_")):
            return False
        if not sign:
            size = int.from_bytes(source.take(8), "little")
            value = source.take(min(size, _LINE_MAX)) if size <= _LINE_MAX else b""
            source.take(1)
        if len(self._entry) < 1024:
            self._entry.setdefault(name.decode("ascii"), []).append(value)
        return True

    def _export(self) -> Iterator[LogEvent]:
        fields, self._entry = self._entry, {}
        if fields:
            yield from self._journal(fields, Location(self._path, f"entry at line {self.lines}"))

    def _journal(self, fields: dict[str, list[bytes]], place: Location) -> Iterator[LogEvent]:
        raw = fields.get("__REALTIME_TIMESTAMP", [b""])[0]
        realtime = int(raw) if raw.isdigit() and len(raw) < 19 else 0
        record = journal_events.audit_record(fields, realtime)
        if record is not None:
            yield from audit_events.log_events([record], self._path, "journal")
            return
        yield from journal_events.of_fields(fields, place, realtime)

    # --- audit ------------------------------------------------------------------------------

    def _audited(self, *, last: bool) -> Iterator[LogEvent]:
        """Events of the audit lines that wait; the newest wait on unless these were the last."""
        ready = self._audit if last else self._audit[:-_HELD]
        rest = [] if last else self._audit[-_HELD:]
        split = ready[-1:] and audit_log.serial_of(ready[-1])
        while split and rest and audit_log.serial_of(rest[0]) == split:
            ready.append(rest.pop(0))
        self._audit = rest
        joined = b"\n".join(line.rstrip(b"\n") for line in ready) + b"\n"
        for records in audit_log.events([joined], self._sieve):
            yield from audit_events.log_events(records, self._path)


def _in_memory(path: str) -> bool:
    return path.startswith(("memfd:", "/memfd:")) or volatile_place(path) in ("shm", "lock", "run")


def _values(value: object) -> Iterator[bytes]:
    """A field of ``journalctl -o json``: text, a list of byte values, or a list of either."""
    if isinstance(value, str):
        yield value.encode("utf-8", "surrogateescape")
    elif isinstance(value, list) and value and all(isinstance(v, int) for v in value):
        yield bytes(v & 0xFF for v in value)
    elif isinstance(value, list):
        for one in value[:256]:
            if not isinstance(one, list) or all(isinstance(v, int) for v in one):
                yield from _values(one)


class _Lines:
    """Lines out of pieces, and bytes where a format says that they follow."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._data = b""
        self._at = 0
        self.too_long = False

    def _more(self) -> bool:
        piece = next(self._pieces, b"")
        self._data, self._at = self._data[self._at :] + piece, 0
        return bool(piece)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            end = self._data.find(b"\n", self._at)
            if end >= 0:
                line = self._data[self._at : end]
                self._at = end + 1
                yield line
                continue
            if len(self._data) - self._at > _LINE_MAX:
                self._data, self._at = b"", 0
                self.too_long = True
            if not self._more():
                if self._at < len(self._data):
                    line, self._data, self._at = self._data[self._at :], b"", 0
                    yield line
                return

    def take(self, size: int) -> bytes:
        while len(self._data) - self._at < size and self._more():
            pass
        found = self._data[self._at : self._at + size]
        self._at += len(found)
        return found
