"""What the indicators about events say: excerpts, records and times, a command to look by hand."""

from __future__ import annotations

import re

from triage.content.examine import payload
from triage.model import Content, Severity
from triage.model.windows import EventField, EventRecord

#: The trait of what was found behind the end of a log's chunks.
SLACK = "slack"
_SAFE_FILE = re.compile(r"[\w %().-]{1,150}\.evtx", re.ASCII)


def excerpt(text: str | None, size: int = 160) -> str:
    """The beginning of a text, on one line."""
    line = " ".join((text or "").split())
    return line if len(line) <= size else f"{line[:size]}…"


def told(event: EventRecord, *pairs: tuple[str, str]) -> tuple[str, ...]:
    """``words: text`` for each of the (words, field) that the event has, then when and where."""
    found = [f"{words}: {excerpt(text)}" for words, name in pairs if (text := event.text(name))]
    return (*found, when(event))


def source_facts(event: EventRecord) -> tuple[str, ...]:
    """That nobody registered who wrote the event, where that is so."""
    if "unregistered" not in event.traits:
        return ()
    return (f"no source {event.provider} is registered on this image (EventLog, WINEVT)",)


def when(event: EventRecord) -> str:
    """How often, when and in which records, as a fact for the report."""
    source = f"{event.provider or 'unknown provider'} event {event.event_id}"
    if SLACK in event.traits:
        source = f"from the unused rest of a chunk: {source}"
    records = ", ".join(map(str, event.records[:5])) + (", …" if len(event.records) > 5 else "")
    if event.count == 1:
        return f"{source}, record {records}, {event.first or 'at an unknown time'}"
    return f"{event.count} × {source}, records {records}, {event.first} to {event.last}"


def verify(event: EventRecord) -> str:
    """A command that shows the record, safe to paste; empty when a name could do harm."""
    file = event.location.path.rpartition("/")[2]
    if not event.records or SLACK in event.traits or not _SAFE_FILE.fullmatch(file):
        return ""
    return (
        f"Get-WinEvent -Path '{file}' -FilterXPath '*[System[EventRecordID={event.records[0]}]]'"
        " | Format-List *"
    )


def contents(event: EventRecord) -> list[tuple[EventField, Content]]:
    """The fields that were examined, with what they hold."""
    return [(field, field.content) for field in event.fields if field.content is not None]


def chain(content: Content) -> str:
    """What a content unwraps to, outermost first: ``base64 > pe (64-bit library)``."""
    found = payload(content)
    if found is None:
        return content.kind + (f" ({content.detail})" if content.detail else "")
    kinds = [found.kind + (f" ({found.detail})" if found.detail else "")]
    at = found.parent
    while at is not None and len(kinds) <= len(content.layers):
        kinds.insert(0, content.layers[at].kind)
        at = content.layers[at].parent
    return " > ".join(kinds)


def lowered(severity: Severity) -> Severity:
    """One step down."""
    order = list(Severity)
    return order[max(0, order.index(severity) - 1)]


def worst(*severities: Severity | None) -> Severity | None:
    """The greatest of those that are there."""
    present = [severity for severity in severities if severity is not None]
    return max(present, key=lambda severity: severity.points) if present else None
