"""An event log was cleared or stopped.

What it looks for
-----------------
The record that a cleared log begins with, and the end of the event log service.

Why it matters
--------------
What the log held is gone; when and by whom is here.

What else looks like this
-------------------------
Machines that are prepared as templates; shutdowns stop the service in an orderly way.

How to check by hand
--------------------
other logs of the same time; copies of the log in shadow copies

References
----------
* https://attack.mitre.org/techniques/T1070/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act in ("log-cleared", "log-stopped"):
        pairs = (("log", "log"), ("by", "account"), ("backup", "backup"), ("state", "state"))
        yield Evidence(told(event, *pairs), verify(event))


INDICATOR = Indicator(
    id="event-log-cleared",
    title="an event log was cleared or stopped",
    family="event-log",
    techniques=("T1070.001",),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=EventRecord,
    check=check,
    benign_if="the machine was prepared as a template, or the log was cleared on purpose",
    doc=__doc__,
)
