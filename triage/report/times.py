"""Times of evidence: RFC 3339 text or nanoseconds in, UTC out. What is no time is ``None``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from triage.model import Report, Subject

#: What the facts that tell times are called in timelines; others go by the fact's own name.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "start_time": "Process start",
        "mtime_ns": "Content modification",
        "ctime_ns": "Metadata change",
        "atime_ns": "Last access",
        "modified_ns": "Modification",
        "created": "Creation",
        "modified": "Modification",
        "boot_time": "Boot",
    }
)
_LONGEST = 4000  # characters of a fact that lists times
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# Names of facts that hold a time, whatever collector they come from. Other facts may read like
# one: whoever names a process 2026-01-01T00:00:00Z shall not write the timeline.
_NAMES = re.compile(
    r"(?:^|_)(?:[abcm]?time|at|created|modified|changed|accessed|written|write|run|seen|started"
    r"|since|first|last)(?:_ns)?$"
)


def utc(value: object) -> datetime | None:
    """The moment that an RFC 3339 text names; ``None`` without a time zone."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def of_nanoseconds(value: int) -> datetime | None:
    """A moment after (or before) the epoch; ``None`` beyond the years 1 to 9999."""
    try:
        return EPOCH + timedelta(microseconds=value // 1000)
    except OverflowError:
        return None


def rfc3339(moment: datetime) -> str:
    """``2026-01-01T00:00:00.000Z``: milliseconds, or microseconds where they are known."""
    precision = "milliseconds" if moment.microsecond % 1000 == 0 else "microseconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def window(report: Report) -> tuple[datetime, datetime]:
    """When the evidence was collected, from and to; the epoch where the snapshot does not say."""
    known = [utc(report.collected_at), utc(report.generated_at)]
    found = sorted(moment for moment in known if moment is not None) or [EPOCH]
    return found[0], found[-1]


def of(subject: Subject) -> list[tuple[str, datetime]]:
    """The facts of a subject that are times, by what they are, in their order; each moment once.

    The fact ``times`` lists several in words: ``2026-01-01T00:00:00Z file made ($MFT); ...``.
    """
    found = _listed(dict(subject.facts).get("times"))
    for name, value in subject.facts:
        if not _NAMES.search(name):
            continue
        if name.endswith("_ns") and isinstance(value, int):
            moment = of_nanoseconds(value)
        else:
            moment = utc(value)
        if moment is not None and moment not in {known for _, known in found}:
            found.append((name, moment))
    return found


def _listed(value: object) -> list[tuple[str, datetime]]:
    """What a fact that lists times says: of each its words, and the moment."""
    found = []
    for part in value[:_LONGEST].split("; ") if isinstance(value, str) else ():
        first, _, words = part.partition(" ")
        moment = utc(first)
        if moment is not None:
            found.append((words or "time", moment))
    return found
