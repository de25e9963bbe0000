"""WMI loaded a provider out of place.

What it looks for
-----------------
WMI-Activity's event 5857 with a library that lies neither in Windows nor in a program's folder.

Why it matters
--------------
A provider is code that WMI's own process loads whenever its class is asked.

What else looks like this
-------------------------
Hardware vendors and management agents in folders of their own.

How to check by hand
--------------------
the file, and who registered the class

References
----------
* https://attack.mitre.org/techniques/T1546/003/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "wmi-provider":
        yield Evidence(
            told(event, ("provider", "name"), ("library", "path"), ("in", "host")), verify(event)
        )


INDICATOR = Indicator(
    id="event-wmi-provider",
    title="WMI loaded a provider out of place",
    family="event-wmi",
    techniques=("T1546.003", "T1574.001"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a product of yours brings this provider",
    doc=__doc__,
)
