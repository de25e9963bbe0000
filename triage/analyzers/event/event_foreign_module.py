"""A program loaded an unsigned library out of place.

What it looks for
-----------------
Sysmon's event 7: a library without a signature that a program of Windows loads from where users
write, from a share, or from the Windows folder itself; or that lies beside a program in a user's
folder.

Why it matters
--------------
A library beside or before the real one runs in a trusted process.

What else looks like this
-------------------------
Printer drivers, shell extensions and old programs without signatures.

How to check by hand
--------------------
the file itself, when it is still there; its hash in the record

References
----------
* https://attack.mitre.org/techniques/T1574/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene

_WORDS = (
    ("remote-module", "it was loaded from a share", Severity.HIGH),
    ("foreign-module", "a program of Windows loaded it from where users write", Severity.MEDIUM),
    ("unsigned-in-windows", "it lies in the Windows folder without a signature", Severity.MEDIUM),
    (
        "borrowed-name",
        "it is called like one of Windows or Office, and lies where users write",
        Severity.MEDIUM,
    ),
    ("unsigned-beside", "it lies where users write", Severity.LOW),
)


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "module-load":
        return
    for trait, words, severity in _WORDS:
        if trait in event.traits:
            pairs = (("in", "image"), ("library", "loaded"), ("hashes", "hashes"))
            yield Evidence((words, *told(event, *pairs)), verify(event), severity)
            return


INDICATOR = Indicator(
    id="event-foreign-module",
    title="a program loaded an unsigned library out of place",
    family="event-module",
    techniques=("T1574.001", "T1129"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="the library is of a product that you installed there",
    doc=__doc__,
)
