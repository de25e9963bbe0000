"""Encoded or random data is kept in an event.

What it looks for
-----------------
Data of an event that is encoded, compressed, encrypted or random, or binary data of a kilobyte
and more, from a provider that is not known to write such data.

Why it matters
--------------
A store is often encrypted, so that what it holds cannot be told; that a provider writes it at all
is what gives it away. Logs that stay empty on nearly every system (Key Management Service,
hardware events) are the ones that were used.

What else looks like this
-------------------------
Drivers and licensing write binary records; the longest ``Binary`` of a classic event among
242,884 of clean systems had 398 bytes. What is ordinary for a provider is in
``knowledge/event_data.toml``.

How to check by hand
--------------------
``Get-WinEvent -Path LOG -FilterXPath '*[System[EventRecordID=N]]'`` and look at the provider's
other events

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1027/013/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.stored import EMPTY_LOGS
from triage.events.words import chain, contents, source_facts, told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    telling = {"packed", "encoded", "large"} & set(event.traits)
    if event.act != "stored-data" or not telling or {"payload", "script"} & set(event.traits):
        return
    unused = (event.channel or "").lower() in EMPTY_LOGS
    for field, content in contents(event):
        facts = [f"{event.text('field') or field.name} ({field.size}) is {chain(content)}"]
        if content.entropy is not None:
            facts.append(f"{content.entropy:.2f} bits of entropy per byte")
        facts.append(f"channel: {event.channel}")
        if unused:
            facts.append("this log is empty on nearly every system")
        facts += source_facts(event)
        severity = Severity.HIGH if unused else None
        known = "unregistered" not in event.traits
        sure = Confidence.MODERATE if unused or "large" in telling or not known else None
        yield Evidence((*facts, *told(event)), verify(event), severity, sure)


INDICATOR = Indicator(
    id="event-stored-data",
    title="encoded or random data is kept in an event",
    family="event-data",
    techniques=("T1027.011", "T1027.013"),
    severity=Severity.MEDIUM,
    confidence=Confidence.WEAK,
    inspects=EventRecord,
    check=check,
    benign_if="the provider is a driver or product of yours that logs binary data",
    doc=__doc__,
)
