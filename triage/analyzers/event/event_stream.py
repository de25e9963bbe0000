"""Code was written into a named stream.

What it looks for
-----------------
A stream beside a file's own data that is called like a script or program, or holds much text.

Why it matters
--------------
A stream shows in no listing and runs like a file.

What else looks like this
-------------------------
Marks of origin (``Zone.Identifier``) are not told; a few products keep icons in streams.

How to check by hand
--------------------
``Get-Item FILE -Stream *`` on the machine

References
----------
* https://attack.mitre.org/techniques/T1564/004/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "stream-write" and event.traits:
        yield Evidence(
            told(event, ("stream", "path"), ("by", "image"), ("data", "data")), verify(event)
        )


INDICATOR = Indicator(
    id="event-stream",
    title="code was written into a named stream",
    family="event-stream",
    techniques=("T1564.004",),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a product keeps its own data in streams",
    doc=__doc__,
)
