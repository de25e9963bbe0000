"""What one event says, from the JSON that the reader makes of it: source, system part, named data.

The reader renders ``Event`` as an object with ``System`` and, behind it, ``EventData`` or
``UserData``. Events of classic sources have unnamed texts (``Data``) and bytes (``Binary``, in
hexadecimal); those of providers with a manifest have named values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from triage.records import dataclass

Fields = dict[str, Any]
_DEPTH_MAX, _VALUES_MAX = 8, 4096
_ATTRIBUTES = "#attributes"


@dataclass(frozen=True, slots=True)
class System:
    """The part of an event that all have. ``time`` is ``TimeCreated``, UTC, RFC 3339."""

    provider: str | None
    event_id: int | None
    channel: str | None
    computer: str | None
    record_id: int | None
    time: str | None
    process_id: int | None
    user: str | None


def origin_of(event: Fields) -> tuple[str | None, int | None, str | None, str | None]:
    """Provider, number, channel and computer of a whole event, each as in :class:`System`."""
    part = as_object(event.get("System"))
    provider = part.get("Provider")
    return (
        as_text(_attribute(provider, "Name")) or as_text(_attribute(provider, "EventSourceName")),
        as_number(part.get("EventID")),
        as_text(part.get("Channel")),
        as_text(part.get("Computer")),
    )


def system_of(event: Fields) -> System:
    """The system part of a whole event; what is missing or odd is ``None``."""
    part = as_object(event.get("System"))
    provider, event_id, channel, computer = origin_of(event)
    return System(
        provider=provider,
        event_id=event_id,
        channel=channel,
        computer=computer,
        record_id=as_number(_plain(part.get("EventRecordID"))),
        time=rfc3339(as_text(_attribute(part.get("TimeCreated"), "SystemTime"))),
        process_id=as_number(_attribute(part.get("Execution"), "ProcessID")),
        user=as_text(_attribute(part.get("Security"), "UserID")),
    )


def data_of(event: Fields) -> Fields:
    """The named data of a whole event, from wherever it lies."""
    for name in ("EventData", "UserData", "ProcessingErrorData", "BinaryEventData", "DebugData"):
        if name in event:
            return flat(event[name])
    others = {k: v for k, v in event.items() if k not in ("System", _ATTRIBUTES, "RenderingInfo")}
    return flat(others)


def flat(data: Any) -> Fields:
    """Named values; the one element that ``UserData`` wraps its values in is opened."""
    found = as_object(data)
    if len(found) > 2:
        return found
    inner = [value for name, value in found.items() if name != _ATTRIBUTES]
    if len(inner) == 1 and isinstance(inner[0], dict) and "Data" not in found:
        return as_object(inner[0])
    return found


def as_object(value: Any) -> Fields:
    return value if isinstance(value, dict) else {}


def as_text(value: Any) -> str | None:
    """Text of a value: ``#text`` of an element with attributes, numbers as they are written."""
    if value.__class__ is str:
        return value
    if value is None:
        return None
    value = _plain(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return "\n".join(text for item in value if (text := as_text(item)) is not None)
    return None


def as_number(value: Any) -> int | None:
    """A number written as such, in decimal or as ``0x...``; ``None`` for anything else."""
    if value.__class__ is int:
        return value
    value = _plain(value)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if not isinstance(value, str) or len(value) > 20:
        return None
    try:
        return int(value, 0)
    except ValueError:
        return int(value) if value.isdecimal() and value.isascii() else None


def _plain(value: Any) -> Any:
    return value.get("#text") if isinstance(value, dict) else value


def _attribute(value: Any, name: str) -> Any:
    return as_object(as_object(value).get(_ATTRIBUTES)).get(name)


def classic_texts(data: Fields) -> list[str]:
    """The unnamed texts of a classic event, in order."""
    value = _plain(data.get("Data"))
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str)]
    return [value] if isinstance(value, str) else []


def texts(data: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every text in the data of an event with the name it lies under; bounded."""
    if isinstance(data, str):
        yield name, data
    elif depth >= _DEPTH_MAX:
        return
    elif isinstance(data, dict):
        for key, value in list(data.items())[:_VALUES_MAX]:
            yield from texts(value, name if key.startswith("#") else key, depth + 1)
    elif isinstance(data, list):
        for value in data[:_VALUES_MAX]:
            yield from texts(value, name, depth + 1)


def rfc3339(time: str | None) -> str | None:
    """A time of the reader as RFC 3339 in UTC; ``None`` for what is none.

    ``TimeCreated`` comes as ``2019-05-11T17:57:49.903159Z``, the time in a record's header as
    ``2019-05-11T17:58:22.8094096Z UTC``.
    """
    if time is None or len(time) < 20 or time[10:11] != "T" or not time[:4].isdecimal():
        return None
    head = time[:19]
    return f"{head}Z" if time[19] in ".Z" and head.isascii() else None
