"""Reads one log after the other within the time there is, and says what was left out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from triage.linux_image import audit_events, audit_log, syslog_events
from triage.linux_image.log_files import LogFile, Pieces
from triage.linux_image.log_times import Clock, Zone, zone_of
from triage.linux_image.recorded import Recorded
from triage.linux_image.tree import Tree
from triage.model import Gap, Location, Why
from triage.model.linux_image import LogEvent
from triage.parsers.audit_rules import blind_spots
from triage.predicates.logged import worth_keeping
from triage.scope import Scope

#: A log's events are dated when its end was seen; further ones keep the time as it is written.
_WAITING_MAX = 50_000


class Reader:
    """What one run over an image's logs remembers."""

    def __init__(self, tree: Tree, scope: Scope, deadline: float) -> None:
        self.tree, self.scope, self._deadline = tree, scope, deadline
        self.records = 0
        self._kept = Recorded()
        self._late: list[str] = []
        self._zones: list[Zone | None] = []

    def _zone(self) -> Zone | None:
        """The image's time zone; asked once, for the first log that needs it."""
        if not self._zones:
            self._zones.append(zone_of(self.tree))
        return self._zones[0]

    def read(self, file: LogFile) -> Iterator[Gap]:
        """One log to its end; what is notable waits in :meth:`found`."""
        if time.monotonic() > self._deadline:
            self._late.append(file.path)
            return
        if file.kind == "journal":
            yield from self._journal(file)
            return
        pieces = Pieces(self.tree, file.path)
        if file.kind == "audit":
            yield from self._audit(file, self._timed(pieces, file))
        elif file.kind == "tool":
            yield from self._tool(file, self._timed(pieces, file))
        else:
            yield from self._syslog(file, pieces)
        if pieces.gap is not None:
            yield pieces.gap

    def _timed(self, pieces: Iterable[bytes], file: LogFile) -> Iterator[bytes]:
        for piece in pieces:
            yield piece
            if time.monotonic() > self._deadline:
                self._late.append(file.path)
                return

    def _audit(self, file: LogFile, pieces: Iterable[bytes]) -> Iterator[Gap]:
        sieve = audit_log.Sieve()
        for records in audit_log.events(pieces, sieve, progress=self._tell):
            for event in audit_events.log_events(records, file.path):
                self._take(event)
        self.records += sieve.records
        location = self.tree.locate(file.path)
        if sieve.unjoined:
            detail = f"{sieve.unjoined} more notable events were counted and not put together"
            yield Gap(location, Why.TRUNCATED, detail)
        if sieve.unread:
            yield Gap(location, Why.MALFORMED, f"{sieve.unread} records could not be read")

    def _syslog(self, file: LogFile, pieces: Pieces) -> Iterator[Gap]:
        """Its lines; and where audit records are among them, the same file once more as a log of
        those: events are joined in a window, and nothing of the file is held."""
        audited = False
        facts = self.tree.facts(file.path)
        clock = Clock(None if facts is None else facts.mtime_ns, self._zone())
        waiting: list[LogEvent] = []

        def noting() -> Iterator[bytes]:
            nonlocal audited
            for piece in self._timed(pieces, file):
                self.records += piece.count(b"\n")
                audited = audited or b"audit(" in piece
                clock.see(piece)
                yield piece

        for event in syslog_events.log_events(noting(), file.path, worth_keeping):
            if len(waiting) < _WAITING_MAX:
                waiting.append(event)
            else:
                self._kept.add(event)
        for event in waiting:
            self._kept.add(clock.dated(event))
        if audited:
            had = self.records
            yield from self._audit(file, self._timed(Pieces(self.tree, file.path), file))
            self.records = had

    def _tool(self, file: LogFile, pieces: Iterable[bytes]) -> Iterator[Gap]:
        from triage.linux_image.foreign import Foreign

        foreign = Foreign(file.path, self.scope.budget)
        for event in foreign.events(pieces):
            self._take(event)
        self.records += foreign.lines
        yield from foreign.gaps()

    def _journal(self, file: LogFile) -> Iterator[Gap]:
        from triage.linux_image.journal_events import read_journal

        had = 0
        for step in read_journal(self.tree, file.path, self.scope, self._deadline):
            if isinstance(step, Gap):
                yield step
            elif isinstance(step, int):
                had = step
            else:
                self._take(step)
        self.records += had

    def _take(self, event: LogEvent) -> None:
        if worth_keeping(event):
            self._kept.add(event)

    def _tell(self, records: int) -> None:
        self.scope.progress(self.records + records)

    def found(self) -> Iterator[LogEvent | Gap]:
        """The notable events, and what was left out."""
        yield from self._kept.events()
        if self._kept.dropped:
            detail = f"{self._kept.dropped} further distinct events were not kept"
            yield Gap(Location("/var/log"), Why.TRUNCATED, detail)
        for path in self._late[:100]:
            detail = "the time limit came first; not read, or not to its end"
            yield Gap(self.tree.locate(path), Why.TIMEOUT, detail)


def rule_gaps(tree: Tree, logs: bool) -> Iterator[Gap]:
    """What the audit rules could not have seen, each a sentence."""
    lines: list[str] = []
    where = "etc/audit/audit.rules"
    text = tree.text(where)
    if text is not None:
        lines = text.text.split("\n")
    if not any(line.strip() and not line.strip().startswith(("#", "-D", "-b", "-f", "--"))
               for line in lines):  # fmt: skip
        where = "etc/audit/rules.d"
        lines = [line for one in tree.texts(where, ".rules") for line in one.text.split("\n")]
        where = where if lines else "etc/audit/audit.rules"
    if not lines and not logs:
        detail = "no audit rules and no audit log: only other logs can tell what was run"
        yield Gap(tree.locate(where), Why.ABSENT, detail)
        return
    for sentence in dict.fromkeys(blind_spots(lines)):
        yield Gap(tree.locate(where), Why.ABSENT, sentence)
