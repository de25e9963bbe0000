"""Microsoft Defender was told to look away.

What it looks for
-----------------
An exclusion that was added, a part that was turned off, protection that stopped.

Why it matters
--------------
Done before a payload is placed or loaded.

What else looks like this
-------------------------
Exclusions that products ask for when they are installed.

How to check by hand
--------------------
``Get-MpPreference`` on the machine

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


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "defender-change":
        yield Evidence(told(event, ("now", "new"), ("before", "old")), verify(event))


INDICATOR = Indicator(
    id="event-defender-change",
    title="Microsoft Defender was told to look away",
    family="event-guard",
    techniques=("T1562.001",),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=EventRecord,
    check=check,
    benign_if="your administration or an installer changed it on purpose",
    doc=__doc__,
)
