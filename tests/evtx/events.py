"""Events as the reader gives them, and what is made of them: a log without a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any
from unittest import mock

from tests.builders import snapshot
from triage.analyze import analyze
from triage.events import one_log
from triage.events.reader import Raw
from triage.model import Artifact, Gap, Location, Report
from triage.model.windows import EventLog, EventRecord
from triage.scope import Limits
from triage.snapshot import dumps, loads

PATH = "/Windows/System32/winevt/Logs/Test.evtx"
SYSMON, POWERSHELL, SECURITY = (
    "Microsoft-Windows-Sysmon",
    "Microsoft-Windows-PowerShell",
    "Microsoft-Windows-Security-Auditing",
)


def event(
    provider: str,
    event_id: int,
    data: dict[str, Any],
    *,
    record: int = 1,
    channel: str = "Application",
    time: str = "2024-05-11T17:57:49.903159Z",
    section: str = "EventData",
    classic: bool = False,
) -> Raw:
    """One record: ``data`` as the section's content; a classic event numbers with qualifiers."""
    number: Any = {"#attributes": {"Qualifiers": 0}, "#text": event_id} if classic else event_id
    system = {
        "Provider": {"#attributes": {"Name": provider}},
        "EventID": number,
        "Level": 4,
        "Task": 0,
        "TimeCreated": {"#attributes": {"SystemTime": time}},
        "EventRecordID": record,
        "Channel": channel,
        "Computer": "PC01",
        "Security": None,
    }
    body = {"#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"}}
    whole = {"Event": {**body, "System": system, section: data}}
    written = time[:19] + ".0000000Z UTC"
    return record, written, json.dumps(whole, separators=(",", ":"), ensure_ascii=False)


def classic(
    provider: str, event_id: int, *texts: str, binary: str | None = None, **more: Any
) -> Raw:
    """An event of a source without a manifest."""
    data = {"Data": {"#text": list(texts)}, "Binary": binary}
    return event(provider, event_id, data, classic=True, **more)


def sysmon(event_id: int, record: int = 1, **data: Any) -> Raw:
    channel = "Microsoft-Windows-Sysmon/Operational"
    return event(SYSMON, event_id, data, record=record, channel=channel)


def told(*raws: Raw) -> list[EventRecord | EventLog | Gap]:
    """What a log of these records tells."""

    def given(*_: object) -> Iterator[Raw]:
        yield from raws

    with mock.patch.object(one_log, "records", given):
        steps = one_log.read_log(Location(PATH), BytesIO(b""), lambda _, __: b"", 0, Limits())
        return list(steps)


def events(*raws: Raw) -> list[EventRecord]:
    return [item for item in told(*raws) if isinstance(item, EventRecord)]


def log(*raws: Raw) -> EventLog:
    return next(item for item in told(*raws) if isinstance(item, EventLog))


def judged(*raws: Raw, beside: Iterable[Artifact] = ()) -> Report:
    """Through the snapshot's bytes, as every command goes."""
    found = [item for item in told(*raws) if not isinstance(item, Gap)]
    return analyze(loads(dumps(snapshot(*found, *beside))))


def indicators(report: Report) -> dict[str, str]:
    """Every indicator that fired, with its greatest severity."""
    found: dict[str, tuple[int, str]] = {}
    for subject in report.subjects:
        for one in subject.findings:
            rank = one.severity.points, one.severity.value
            found[one.indicator] = max(found.get(one.indicator, (0, "")), rank)
    return {name: severity for name, (_, severity) in found.items()}
