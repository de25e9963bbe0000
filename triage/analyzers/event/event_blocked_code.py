"""Windows refused to run code.

What it looks for
-----------------
Code integrity or AppLocker refused, or would have refused, a file that lies where users write;
medium, when it is a driver or was on its way into a program of Windows.

Why it matters
--------------
Somebody tried: the path and the process are of use even when nothing ran.

What else looks like this
-------------------------
Users' own programs under a policy in audit mode.

How to check by hand
--------------------
the file, and what else lies beside it

References
----------
* https://learn.microsoft.com/windows/security/application-security/application-control/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "code-blocked":
        telling = {"into-windows", "driver"} & set(event.traits)
        severity = Severity.MEDIUM if telling else None
        pairs = (("file", "path"), ("for", "image"), ("rule", "rule"))
        yield Evidence(told(event, *pairs), verify(event), severity)


INDICATOR = Indicator(
    id="event-blocked-code",
    title="Windows refused to run code",
    family="event-blocked",
    techniques=("T1553",),
    severity=Severity.LOW,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a program of the user's that your policy does not allow",
    doc=__doc__,
)
