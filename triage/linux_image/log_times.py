"""When lines of syslog were written that say neither year nor zone (RFC 3164, section 4.1.2).

The zone is the image's own. The year is counted back from the time at which the file was last
written: its last line is not later than that, and where months go back from one line to the next a
year began. What was deduced says so in the event; without zone or time nothing is made up.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import TZPATH, ZoneInfo, available_timezones

from triage.linux_image.tree import Tree
from triage.model.linux_image import LogEvent
from triage.records import dataclass

_MONTHS = {m: n for n, m in enumerate(
    (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
     b"Dec"), 1)}  # fmt: skip
_STAMP = re.compile(
    rb"(?:^|\n)(?:<\d{1,3}>)?([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) ", re.ASCII
)
_TZ_MAX = 64 << 10
_STAMPS_MAX = 65_536
_LEAP = 8
_SLACK = timedelta(days=1)
_STEP_BACK = timedelta(days=31)  # a clock that is set, lines that arrive late: no new year
_ANY_YEAR = 2000  # a leap year: it has every day


@dataclass(frozen=True, slots=True)
class Zone:
    """The image's time zone, and how it is known."""

    rules: ZoneInfo
    name: str


def zone_of(tree: Tree) -> Zone | None:
    """The zone by the name that ``/etc/localtime`` or ``/etc/timezone`` gives, or by the rules
    that the file itself holds; ``None`` where neither says one."""
    name = (tree.link("etc/localtime") or "").partition("zoneinfo/")[2]
    if not name:
        raw = (tree.raw("etc/timezone", 256) or b"").split(b"\n", 1)[0].strip()
        name = raw.decode("ascii", "replace")
    if name:
        try:
            return Zone(ZoneInfo(name), name)
        except (ValueError, OSError, LookupError):
            pass  # a name of no zone, or a system without the database
    return _by_rules(tree.raw("etc/localtime", _TZ_MAX))


def _by_rules(data: bytes | None) -> Zone | None:
    """The zone whose file in this machine's database is the same; the file is not interpreted.

    (A file made for the purpose keeps the library's reader busy for ever.)
    """
    if data is None or not data.startswith(b"TZif"):
        return None
    for name in sorted(available_timezones()):
        for top in TZPATH:
            try:
                with open(f"{top}/{name}", "rb") as stream:
                    same = stream.read(len(data) + 1) == data
            except OSError:
                continue
            if same:
                return Zone(ZoneInfo(name), "of /etc/localtime")
    return None


class Clock:
    """Sees the pieces of one log go by, and dates its events when the last was seen."""

    def __init__(self, written_ns: int | None, zone: Zone | None) -> None:
        self._written_ns, self._zone = written_ns, zone
        self._at = 0
        self._stamps: list[tuple[int, datetime]] = []

    def see(self, piece: bytes) -> None:
        """The next piece: its first whole line's time is noted, and its last one's."""
        found = _STAMP.search(piece)
        if found is not None and len(self._stamps) < _STAMPS_MAX:
            self._note(found)
            tail = piece.rfind(b"\n", 0, max(0, len(piece) - 1))
            last = _STAMP.match(piece, tail) if tail > found.start() else None
            if last is not None:
                self._note(last)
        self._at += len(piece)

    def _note(self, found: re.Match[bytes]) -> None:
        moment = _in_year(_ANY_YEAR, found.groups())
        if moment is not None:
            self._stamps.append((self._at + found.start(), moment))

    def dated(self, event: LogEvent) -> LogEvent:
        """The event with its time in UTC, where zone and year can be known."""
        facts = dict(event.facts)
        written = facts.get("written")
        if event.time is not None or written is None or self._zone is None:
            return event
        last = self._last_written()
        match = _STAMP.match(f"{written} ".encode("ascii", "replace"))
        if last is None or match is None:
            return event
        offset = event.location.inside.removeprefix("byte ")
        at = int(offset) if offset.isdecimal() else self._at
        local = self._in_its_year(at, match.groups(), last + _SLACK)
        if local is None:
            return event
        moment = local.replace(tzinfo=self._zone.rules).astimezone(UTC)
        how = f"zone {self._zone.name}, year by the time of the file"
        return replace(
            event,
            time=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            facts=(*event.facts, ("time deduced", how)),
        )

    def _last_written(self) -> datetime | None:
        """When the file was last written, in the image's own time."""
        if not self._written_ns or self._zone is None:
            return None
        try:
            moment = datetime.fromtimestamp(self._written_ns // 1_000_000_000, UTC)
        except (OverflowError, ValueError, OSError):
            return None
        return moment.astimezone(self._zone.rules).replace(tzinfo=None)

    def _in_its_year(
        self, offset: int, parts: tuple[bytes, ...], latest: datetime
    ) -> datetime | None:
        """The year of the log's last line, less those that began between a line and that one."""
        own = _in_year(_ANY_YEAR, parts)
        if own is None:
            return None
        after = self._stamps[bisect_right(self._stamps, offset, key=lambda one: one[0]) :]
        moments = [own, *(moment for _, moment in after)]
        began = sum(later < moment - _STEP_BACK for moment, later in pairwise(moments))
        last = moments[-1]
        years = (latest.year - back for back in range(_LEAP))
        year = next((y for y in years if _fits(last, y, latest)), None)
        return None if year is None else _moved(own, year - began)


def _fits(moment: datetime, year: int, latest: datetime) -> bool:
    moved = _moved(moment, year)
    return moved is not None and moved <= latest


def _moved(moment: datetime, year: int) -> datetime | None:
    """The same day of another year; ``None`` where that year does not have it."""
    try:
        return moment.replace(year=year)
    except ValueError:
        return None


def _in_year(year: int, parts: tuple[bytes, ...]) -> datetime | None:
    month = _MONTHS.get(parts[0])
    day, hour, minute, second = map(int, parts[1:])
    try:
        return None if month is None else datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
