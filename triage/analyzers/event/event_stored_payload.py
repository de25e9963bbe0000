"""A payload is kept in an event log.

What it looks for
-----------------
Data of an event (bytes of a classic source, a text of any provider) that is, or unwraps to, a
program, shellcode or a script.

Why it matters
--------------
The second store that T1027.011 names: a campaign kept its shellcode in events of the Key
Management Service and a loader read it back, so that no file ever held it.

What else looks like this
-------------------------
Providers that log certificates, firmware tables or packages are known by the field they do it in,
and even there a program is told. Agents log the commands that they run, servers the pages that
failed: a script as plain text that does nothing to speak of is low, unless it lies in a log that is
empty elsewhere or nobody registered its source.

How to check by hand
--------------------
``Get-WinEvent -Path LOG -FilterXPath '*[System[EventRecordID=N]]'``, and the bytes with ``triage
carve``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://securelist.com/a-new-secret-stash-for-fileless-malware/106393/
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
    if event.act != "stored-data":
        return
    for field, content in contents(event):
        if "payload" in event.traits:
            severity = None
        elif "script" in event.traits:
            severity = _of_script(event)
        else:
            continue
        where = event.text("field") or field.name
        facts = (f"{where} ({field.size}) holds {chain(content)}", *told(event))
        facts = (*facts, f"channel: {event.channel}", *source_facts(event))
        weak = severity is Severity.LOW
        yield Evidence(facts, verify(event), severity, Confidence.WEAK if weak else None)


def _of_script(event: EventRecord) -> Severity:
    """A script that does nothing to speak of tells by where it lies only."""
    if "plain" not in event.traits or (event.channel or "").lower() in EMPTY_LOGS:
        return Severity.HIGH
    return Severity.MEDIUM if "unregistered" in event.traits else Severity.LOW


INDICATOR = Indicator(
    id="event-stored-payload",
    title="a payload is kept in an event log",
    family="event-payload",
    techniques=("T1027.011", "T1140"),
    severity=Severity.CRITICAL,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a product of yours writes scripts or programs into this very event",
    doc=__doc__,
)
