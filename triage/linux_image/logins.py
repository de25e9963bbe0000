"""Login records of an image: sessions, and the marks that an edited log bears.

Tools that wipe logins (zap and its descendants) overwrite a record with zeros where it stands;
such a hole has records after it. A crash leaves zeros, too: then the system's start comes next.
"""

from __future__ import annotations

import dataclasses
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from triage.linux_image.audit_events import time_of
from triage.linux_image.log_files import Pieces
from triage.linux_image.tree import Tree
from triage.model import Gap, Why
from triage.model.logins import LoginLog, LoginSession
from triage.parsers import utmp
from triage.parsers.utmp import Layout, Login

_LOGS = re.compile(r"(wtmp|btmp)(?:[.-][\w.-]*)?$")
_DATABASES = ("var/lib/wtmpdb/wtmp.db", "var/log/wtmp.db", "var/lib/lastlog/lastlog2.db")
_READ_MAX, _LASTLOG_MAX = 64 << 20, 32 << 20
_SESSIONS_MAX, _FAILURES_MAX = 20_000, 200_000
_DAY = 86_400
_MARKS_MAX = 50
_NEAR = 5


@dataclasses.dataclass(slots=True)
class _Open:
    """A session that no record has ended yet."""

    record: Login
    path: str


@dataclasses.dataclass(slots=True)
class Logins:
    """What one run over an image's login records remembers."""

    tree: Tree
    uids: dict[str, int]
    sessions: list[LoginSession] = dataclasses.field(default_factory=list)
    failures: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    starts: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    spans: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    records: int = 0
    _failed: int = 0
    _dropped: int = 0
    _known: set[tuple[str, str, int]] = dataclasses.field(default_factory=set)

    def read(self) -> Iterator[LoginLog | LoginSession | Gap]:
        """All logs, the failed logins first; then the sessions."""
        logs = []
        for path, source in _files(self.tree):
            found = self._log(path, source)
            if isinstance(found, Gap):
                yield found
            elif found is not None:
                logs.append(found)
                if found.unread:
                    detail = f"{found.unread} records are none, or cut short; the others were read"
                    yield Gap(found.location, Why.MALFORMED, detail)
        missing = tuple(self._missing()) if self.spans else ()
        for log in logs:
            main = log.location.path == "/var/log/wtmp"
            yield dataclasses.replace(log, missing=missing) if main else log
        if self._dropped:
            detail = f"{self._dropped} further sessions were not kept"
            yield Gap(self.tree.locate("var/log/wtmp"), Why.TRUNCATED, detail)
        yield from self._with_failures()
        for path in _DATABASES:
            if self.tree.facts(path) is not None:
                detail = "logins in a database of SQLite: not read"
                yield Gap(self.tree.locate(path), Why.REFUSED, detail)

    def _log(self, path: str, source: str) -> LoginLog | Gap | None:
        pieces = Pieces(self.tree, path)
        data = b"".join(_up_to(pieces, _READ_MAX))
        location = self.tree.locate(path)
        if pieces.gap is not None and not data:
            return pieces.gap
        if not data:
            return None
        if len(data) >= _READ_MAX:
            detail = f"more than {_READ_MAX} bytes; the rest was not read"
            self.tree.gaps.append(Gap(location, Why.TRUNCATED, detail))
        layout = utmp.layout_of(data)
        if layout is None:
            return Gap(location, Why.MALFORMED, "no login records in it")
        marks = _Marks(source)
        opened: dict[str, _Open] = {}
        for record in utmp.records(data, layout):
            self.records += 1
            marks.see(record)
            if record is not None:
                self._take(record, source, path, opened)
        for left in opened.values():
            self._end(left, None)
        if marks.first is not None and marks.last is not None and source == "wtmp":
            self.spans.append((marks.first, marks.last))
        return marks.log(location.path, source, self.tree, path, len(data), layout)

    def _take(self, record: Login, source: str, path: str, opened: dict[str, _Open]) -> None:
        if source == "btmp":
            if record.type != utmp.EMPTY and self._failed < _FAILURES_MAX:
                self._failed += 1
                self.failures.setdefault(_from(record), []).append(record.seconds)
        elif record.type == utmp.USER and record.user:
            if record.line in opened:
                self._end(opened.pop(record.line), record.seconds)
            opened[record.line] = _Open(record, path)
            self.starts.append((record.seconds, record.user))
        elif record.type == utmp.DEAD and record.line in opened:
            self._end(opened.pop(record.line), record.seconds)
        elif record.type == utmp.BOOT or (
            record.type == utmp.RUN_LEVEL and record.user == "shutdown"
        ):
            for left in opened.values():
                self._end(left, record.seconds)
            opened.clear()

    def _end(self, session: _Open, seconds: int | None) -> None:
        record = session.record
        start = time_of(record.seconds)
        known = record.user, record.line, record.seconds
        if start is None or known in self._known:
            return  # utmp has again what is still open in wtmp
        self._known.add(known)
        if len(self.sessions) >= _SESSIONS_MAX:
            self._dropped += 1
            return
        self.sessions.append(
            LoginSession(
                location=self.tree.locate(session.path, f"record {record.number}"),
                user=record.user,
                uid=self.uids.get(record.user),
                line=record.line,
                host=record.host,
                address=utmp.address_of(record.address),
                start=start,
                end=None if seconds is None or seconds < record.seconds else time_of(seconds),
            )
        )

    def _with_failures(self) -> Iterator[LoginSession]:
        from datetime import datetime

        for moments in self.failures.values():
            moments.sort()
        for one in sorted(self.sessions, key=lambda s: (s.start, s.location)):
            tried = self.failures.get(one.host or one.address, ())
            start = int(datetime.fromisoformat(one.start).timestamp())
            count = bisect_right(tried, start) - bisect_left(tried, start - _DAY)
            yield dataclasses.replace(one, failures=count) if count else one

    def _missing(self) -> Iterator[str]:
        """Logins that lastlog knows, in a time that a wtmp covers, and that none of them has."""
        data = self.tree.raw("var/log/lastlog", _LASTLOG_MAX) or b""
        names = {uid: user for user, uid in self.uids.items()}
        known = {(user, seconds + shift) for seconds, user in self.starts
                 for shift in range(-_NEAR, _NEAR + 1)}  # fmt: skip
        for last in utmp.lasts(data):
            user = names.get(last.uid)
            covered = any(low < last.seconds < high for low, high in self.spans)
            if user is not None and covered and (user, last.seconds) not in known:
                origin = f" from {last.host}" if last.host else ""
                yield f"{user} on {last.line}{origin} at {time_of(last.seconds)}"


class _Marks:
    """What one log shows of having been altered, gathered record by record."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.first: int | None = None
        self.last: int | None = None
        self._count = self._unread = 0
        self._hole: tuple[int, int] | None = None
        self._zeroed: list[tuple[int, int, int]] = []
        self._backwards: list[int] = []
        self._clock = -10
        self._lines: set[str] | None = None
        self._unopened = 0

    def see(self, record: Login | None) -> None:
        number, self._count = self._count, self._count + 1
        if record is None:
            self._unread += 1
            return
        if _is_zero(record):
            start, count = self._hole or (number, 0)
            self._hole = start, count + 1
            return
        if record.type in (utmp.BOOT, utmp.OLD_TIME, utmp.NEW_TIME, utmp.RUN_LEVEL):
            self._clock = number
        self._pair(record)
        if self._hole is not None:
            self._zeroed.append((*self._hole, int(record.type == utmp.BOOT)))
            self._hole = None
        if record.seconds:
            went_back = self.last is not None and record.seconds < self.last - _DAY
            if went_back and number - self._clock > 2:
                self._backwards.append(number)
            self.first = record.seconds if self.first is None else self.first
            self.last = record.seconds

    def _pair(self, record: Login) -> None:
        """Ends of sessions on lines that nobody logged in on since the system was started."""
        if record.type == utmp.BOOT:
            self._lines = set()
        elif self._lines is None:
            return  # before the first start that the log has, sessions may have begun earlier
        elif record.type == utmp.USER:
            self._lines.add(record.line)
        elif record.type == utmp.DEAD and record.line.startswith("pts/"):
            self._unopened += record.line not in self._lines
            self._lines.discard(record.line)

    def log(
        self, shown: str, source: str, tree: Tree, path: str, size: int, layout: Layout
    ) -> LoginLog:
        from triage.model import Location

        return LoginLog(
            location=Location(shown),
            source=source,
            records=self._count,
            first=None if self.first is None else time_of(self.first),
            last=None if self.last is None else time_of(self.last),
            zeroed=tuple(self._zeroed[:_MARKS_MAX]) if source != "utmp" else (),
            backwards=tuple(self._backwards[:_MARKS_MAX]) if source == "wtmp" else (),
            unread=self._unread + (size % layout.size != 0),
            unopened=self._unopened if source == "wtmp" else 0,
            file=tree.facts(path),
        )


def _is_zero(record: Login) -> bool:
    return record.type == utmp.EMPTY and not (
        record.pid or record.line or record.user or record.host or record.seconds
    )


def _from(record: Login) -> str:
    return record.host or utmp.address_of(record.address)


def _files(tree: Tree) -> Iterator[tuple[str, str]]:
    """(path, what it holds): failed logins before the others, each log once."""
    names = [(name, _LOGS.match(name)) for name in tree.names("var/log")]
    for source in ("btmp", "wtmp"):
        for name, match in names:
            if match is not None and match[1] == source:
                yield f"var/log/{name}", source
    for path in ("run/utmp", "var/run/utmp"):
        if tree.facts(path) is not None:
            yield path, "utmp"
            return


def _up_to(pieces: Pieces, limit: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        yield piece[: limit - size]
        size += len(piece)
        if size >= limit:
            return


def uids_of(data: bytes) -> dict[str, int]:
    """User -> number, from the bytes of a ``passwd``. passwd(5)."""
    found: dict[str, int] = {}
    for line in data.split(b"\n")[:100_000]:
        fields = line.split(b":")
        if len(fields) >= 3 and fields[2].isdigit() and len(fields[2]) < 11:
            found.setdefault(fields[0].decode("utf-8", "surrogateescape"), int(fields[2]))
    return found
