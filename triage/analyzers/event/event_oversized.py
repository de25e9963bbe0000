"""An event is far larger than its kind.

What it looks for
-----------------
A record ten times as large as the others of the same event in the same file, and more than 8 KB.

Why it matters
--------------
What is hidden in a record makes it larger than its provider's habit, whatever it is encoded as.

What else looks like this
-------------------------
Lists of software, long messages and error reports vary in size.

How to check by hand
--------------------
``Get-WinEvent -Path LOG -FilterXPath '*[System[EventRecordID=N]]'``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import verify, when
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "stored-data" and "oversized" in event.traits:
        size = f"{event.text('size')} characters, where {event.text('usual')} are usual"
        yield Evidence((size, f"channel: {event.channel}", when(event)), verify(event))


INDICATOR = Indicator(
    id="event-oversized",
    title="an event is far larger than its kind",
    family="event-data",
    techniques=("T1027.011",),
    severity=Severity.LOW,
    confidence=Confidence.WEAK,
    inspects=EventRecord,
    check=check,
    benign_if="the message is long for a reason that can be read in it",
    doc=__doc__,
)
