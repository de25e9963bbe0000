"""A compatibility fix went into a program of Windows.

What it looks for
-----------------
Application-Experience's events 500 and 505 for a program in the Windows folder.

Why it matters
--------------
A shim database can make any program load a library or start another; Windows has none for its
own.

What else looks like this
-------------------------
Fixes of Microsoft's own for old control panels.

How to check by hand
--------------------
``AppCompatFlags/InstalledSDB`` in the SOFTWARE hive of the same image

References
----------
* https://attack.mitre.org/techniques/T1546/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "shim":
        yield Evidence(told(event, ("program", "image"), ("fix", "fix")), verify(event))


INDICATOR = Indicator(
    id="event-shim",
    title="a compatibility fix went into a program of Windows",
    family="event-shim",
    techniques=("T1546.011",),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="the fix comes with Windows",
    doc=__doc__,
)
