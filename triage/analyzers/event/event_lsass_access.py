"""The process that keeps the passwords was read.

What it looks for
-----------------
Access to ``lsass`` with the right to read its memory, by what is neither Windows nor known to
look.

Why it matters
--------------
Passwords are taken from there by tools that are often loaded into memory only.

What else looks like this
-------------------------
Security products and crash reports: installed programs are low, those of Windows are not told.

How to check by hand
--------------------
the source's own start, and files written at that time

References
----------
* https://attack.mitre.org/techniques/T1003/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.images import installed
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "process-access" and "lsass" in event.traits:
        pairs = (("from", "image"), ("access", "access"), ("trace", "trace"))
        severity = Severity.LOW if installed(event.text("image") or "") else None
        yield Evidence(told(event, *pairs), verify(event), severity)


INDICATOR = Indicator(
    id="event-lsass-access",
    title="the process that keeps the passwords was read",
    family="event-lsass",
    techniques=("T1003.001",),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="the source is a security product that you run",
    doc=__doc__,
)
