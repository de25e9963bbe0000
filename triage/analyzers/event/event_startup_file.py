"""A program was put where logons start it.

What it looks for
-----------------
A script, link or program written into a startup folder; over a share weighs more.

Why it matters
--------------
Everything there starts with the next logon.

What else looks like this
-------------------------
Installers and users who put a link there.

How to check by hand
--------------------
the file below ``Start Menu/Programs/Startup`` of the same image

References
----------
* https://attack.mitre.org/techniques/T1547/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "file-write" and "startup-folder" in event.traits:
        severity = Severity.HIGH if "by-share" in event.traits else None
        yield Evidence(told(event, ("file", "path"), ("by", "image")), verify(event), severity)


INDICATOR = Indicator(
    id="event-startup-file",
    title="a program was put where logons start it",
    family="event-startup",
    techniques=("T1547.001",),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="the user or an installer put it there",
    doc=__doc__,
)
