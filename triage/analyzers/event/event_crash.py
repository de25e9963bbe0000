"""A program crashed in code that lies in no module.

What it looks for
-----------------
A crash whose faulting module is unknown, above all of a program of Windows.

Why it matters
--------------
Injected code and failed exploits crash where no module is.

What else looks like this
-------------------------
Any wild pointer does the same; a single one says little.

How to check by hand
--------------------
the report below ``ProgramData/Microsoft/Windows/WER`` of the same image

References
----------
* https://attack.mitre.org/techniques/T1055/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "crash":
        severity = (
            Severity.MEDIUM if {"windows", "execution-of-data"} <= set(event.traits) else None
        )
        pairs = (("program", "image"), ("module", "module"), ("kind", "kind"), ("code", "code"))
        yield Evidence(told(event, *pairs), verify(event), severity)


INDICATOR = Indicator(
    id="event-crash",
    title="a program crashed in code that lies in no module",
    family="event-crash",
    techniques=("T1055", "T1620"),
    severity=Severity.LOW,
    confidence=Confidence.WEAK,
    inspects=EventRecord,
    check=check,
    benign_if="the program is known to crash",
    doc=__doc__,
)
