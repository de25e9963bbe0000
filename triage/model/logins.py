"""The vocabulary of login records; conventions as in :mod:`triage.model`."""

from __future__ import annotations

from triage.model import FileFacts, Location
from triage.records import dataclass


@dataclass(frozen=True, slots=True)
class LoginSession:
    """Somebody was logged in. ``uid`` is by the image's own ``/etc/passwd``, else ``None``.

    ``line`` is the terminal, ``host`` and ``address`` where from. ``start`` and ``end`` are UTC,
    RFC 3339; ``end`` is ``None`` when no record ends the session. ``failures`` counts the failed
    logins from the same host in the day before.
    """

    location: Location
    user: str
    uid: int | None
    line: str
    host: str
    address: str
    start: str
    end: str | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class LoginLog:
    """One file of login records, and what in it looks as if somebody had altered it.

    ``zeroed`` are runs of zeroed records with records after them, as (number of the first, count,
    1 if the system was started right after, as after a crash). ``backwards`` are the numbers of
    records whose time is before that of the one before, without a start of the system or a change
    of the clock. ``missing`` are logins that ``lastlog`` knows and this log and its kin do not,
    though they cover the time. ``unread`` counts what is no record, ``unopened`` the ends of
    sessions whose beginning is not there, although the log begins before it (a fact, no finding:
    terminals of programs end so, too).
    """

    location: Location
    source: str
    records: int
    first: str | None = None
    last: str | None = None
    zeroed: tuple[tuple[int, int, int], ...] = ()
    backwards: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()
    unread: int = 0
    unopened: int = 0
    file: FileFacts | None = None
