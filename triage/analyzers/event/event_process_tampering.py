"""The image of a process was changed in memory.

What it looks for
-----------------
Sysmon's event 25: what runs is not what the file holds (``Image is replaced``), or the file is
locked so that nobody can look.

Why it matters
--------------
Process hollowing and herpaderping: the name of one program, the code of another.

What else looks like this
-------------------------
Installers and browsers that replace themselves while they run; those with code of their own count
less.

How to check by hand
--------------------
compare the file with its publisher's; look at who started the process

References
----------
* https://attack.mitre.org/techniques/T1055/012/
* https://learn.microsoft.com/sysinternals/downloads/sysmon
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "tampering":
        return
    severity = Severity.MEDIUM if {"jit", "locked"} & set(event.traits) else None
    yield Evidence(told(event, ("in", "image"), ("what", "tampering")), verify(event), severity)


INDICATOR = Indicator(
    id="event-process-tampering",
    title="the image of a process was changed in memory",
    family="event-hollow",
    techniques=("T1055.012", "T1620"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=EventRecord,
    check=check,
    benign_if="an updater of a product that you run replaced itself at that moment",
    doc=__doc__,
)
