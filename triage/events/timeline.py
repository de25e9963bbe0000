"""The times of a report's subjects in one line: what happened when, and how that is known.

Subjects tell their times in facts, in whatever way their source has them; all come out in UTC, as
RFC 3339 to the second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from triage.model import Report, Subject
from triage.records import dataclass

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z")
#: Facts that are one time each, and what they tell of it.
_NAMED = {
    "created": "created",
    "modified": "changed",
    "last_write": "last written",
    "start_time": "started",
    "installed": "installed",
}
_NANOSECONDS = {"mtime_ns": "changed", "ctime_ns": "inode changed"}
_PART = re.compile(r"(?P<time>\S+Z) (?P<what>[^;(]{1,80}?) \((?P<source>[^)]{1,80})\)")


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """One time of one subject. ``source`` names what keeps the time."""

    time: str
    what: str
    source: str
    subject: str
    title: str
    severity: str
    score: int


def timeline(report: Report) -> tuple[Moment, ...]:
    """Every time that a report's subjects tell, the earliest first; each once."""
    found = {moment for subject in report.subjects for moment in moments(subject)}
    return tuple(sorted(found))


def moments(subject: Subject) -> Iterator[Moment]:
    """The times of one subject, from its facts."""
    facts = dict(subject.facts)
    times = facts.get("times")
    if isinstance(times, str):
        for match in _PART.finditer(times):
            time = _whole(match["time"])
            if time is not None:
                yield _moment(subject, time, match["what"], match["source"])
    for name, what in _NAMED.items():
        value = facts.get(name)
        time = _whole(value) if isinstance(value, str) else None
        if time is not None:
            yield _moment(subject, time, what, name)
    for name, what in _NANOSECONDS.items():
        number = facts.get(name)
        time = _of_nanoseconds(number) if type(number) is int else None
        if time is not None:
            yield _moment(subject, time, what, name)


def _moment(subject: Subject, time: str, what: str, source: str) -> Moment:
    return Moment(
        time, what, source, subject.id, subject.title, subject.severity.value, subject.score
    )


def _whole(text: str) -> str | None:
    match = _TIME.fullmatch(text.strip())
    return None if match is None else f"{match.group(1)}Z"


def _of_nanoseconds(value: int) -> str | None:
    try:
        return datetime.fromtimestamp(value // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None
