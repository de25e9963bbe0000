"""PowerShell's old engine was started.

What it looks for
-----------------
The classic log's engine events with engine version 2 on a host that has a newer one.

Why it matters
--------------
Version 2 logs no script blocks and knows no malware scan.

What else looks like this
-------------------------
Very old management scripts.

How to check by hand
--------------------
``Get-WinEvent -LogName 'Windows PowerShell'`` around the time

References
----------
* https://attack.mitre.org/techniques/T1562/010/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "engine-start" and "downgrade" in event.traits:
        pairs = (("engine", "engine"), ("command", "command"), ("host", "host"))
        yield Evidence(told(event, *pairs), verify(event))


INDICATOR = Indicator(
    id="event-engine-downgrade",
    title="PowerShell's old engine was started",
    family="event-engine",
    techniques=("T1562.010", "T1059.001"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a script of yours still needs version 2",
    doc=__doc__,
)
