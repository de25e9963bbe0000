"""FILETIMEs (100 ns since 1601, UTC) as RFC 3339: of hives, of logs and of the WMI repository."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def utc(filetime: int) -> str | None:
    """The moment in UTC, to the microsecond; ``None`` for 0 and what no calendar holds."""
    if filetime <= 0:
        return None
    try:
        moment = _EPOCH + timedelta(microseconds=filetime // 10)
    except OverflowError:
        return None
    return moment.isoformat().replace("+00:00", "Z")
