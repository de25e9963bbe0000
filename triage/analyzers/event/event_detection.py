"""Microsoft Defender detected something.

What it looks for
-----------------
Defender's own detections; those in memory, in scripts (AMSI), in the Registry or in WMI weigh
more.

Why it matters
--------------
A product with other means saw it at the time: a witness, even where it was removed since.

What else looks like this
-------------------------
Detections of test files and of unwanted but harmless software.

How to check by hand
--------------------
``Get-MpThreatDetection`` on the machine; the path in the record

References
----------
* https://learn.microsoft.com/defender-endpoint/troubleshoot-microsoft-defender-antivirus
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "detection":
        return
    memory = {"in-memory", "in-registry", "amsi", "wmi"} & set(event.traits)
    grave = (event.text("severity") or "").lower() in ("severe", "high")
    severity = Severity.HIGH if memory and grave else Severity.MEDIUM
    pairs = (("threat", "threat"), ("severity", "severity"), ("where", "path"), ("by", "image"))
    words = (f"found {', '.join(sorted(memory))}",) if memory else ()
    yield Evidence((*words, *told(event, *pairs)), verify(event), severity)


INDICATOR = Indicator(
    id="event-detection",
    title="Microsoft Defender detected something",
    family="event-detection",
    techniques=("T1588.001",),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="it was a test, or software that you want",
    doc=__doc__,
)
