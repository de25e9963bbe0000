"""A named pipe that tools use.

What it looks for
-----------------
A pipe whose name is a framework's default, or of a shape that only impersonation tricks have.

Why it matters
--------------
Remote shells and injected agents talk over pipes; many keep the name they come with.

What else looks like this
-------------------------
PsExec in the hands of administrators.

How to check by hand
--------------------
the process behind the pipe, and what connected to it

References
----------
* https://attack.mitre.org/techniques/T1559/
* https://attack.mitre.org/techniques/T1021/002/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "pipe":
        pairs = (("it is", "known"), ("pipe", "pipe"), ("by", "image"))
        yield Evidence(told(event, *pairs), verify(event))


INDICATOR = Indicator(
    id="event-pipe",
    title="a named pipe that tools use",
    family="event-pipe",
    techniques=("T1559", "T1021.002"),
    severity=Severity.MEDIUM,
    confidence=Confidence.WEAK,
    inspects=EventRecord,
    check=check,
    benign_if="your administrators use that tool",
    doc=__doc__,
)
