"""Reading JSON without trust: what lies under a name may be anything, and then it is not there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Json = Mapping[str, Any]


def mapping(value: object) -> Json:
    """An object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str | None:
    """Text, or a number as text; ``None`` for anything else."""
    if isinstance(value, dict):  # {"value": 1}: wrapped, in older versions
        value = value.get("value")
    if isinstance(value, bool) or value is None:
        return None
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else None


def number_of(value: object) -> int | None:
    """A number of at most 15 digits, also as text; ``None`` for anything else, and below 0."""
    text = text_of(value)
    return int(text) if text is not None and text.isdecimal() and len(text) < 16 else None


def time_text(value: object) -> str | None:
    """A time as text, as nanoseconds, or as seconds and nanoseconds, in RFC 3339."""
    if isinstance(value, dict):
        value = number_of(value.get("seconds"))
        value = None if value is None else value * 1_000_000_000
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    try:
        if isinstance(value, str):
            text = value[:19] + ("+00:00" if value.endswith("Z") else value[19:][-6:])
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        elif isinstance(value, int) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value // 1_000_000_000, UTC)
        else:
            return None
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None
