"""A script that ran blinds the malware scan.

What it looks for
-----------------
A script that reaches into AMSI or into the event tracing of its own process, or writes private
fields of the PowerShell engine, which keeps there what is scanned and logged.

Why it matters
--------------
The first thing that loaders do, so that nobody sees what they load next.

What else looks like this
-------------------------
Research and tests of security products.

How to check by hand
--------------------
``Get-WinEvent -Path LOG -FilterXPath '*[System[EventRecordID=N]]' | fl Message``

References
----------
* https://attack.mitre.org/techniques/T1562/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene
from triage.windows.traits import Trait


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "script" and Trait.AMSI_TAMPER in event.traits:
        facts = told(event, ("script", "script"), ("file", "path"), ("by", "source"))
        yield Evidence(
            ("it reaches into the malware scan, tracing or the engine's own fields", *facts),
            verify(event),
        )


INDICATOR = Indicator(
    id="event-script-bypass",
    title="a script that ran blinds the malware scan",
    family="event-bypass",
    techniques=("T1562.001", "T1059.001"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a test of your own security products",
    doc=__doc__,
)
