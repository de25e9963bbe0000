"""A program that talks to nobody talked to the network.

What it looks for
-----------------
Sysmon's event 3: a shell or script host that was connected to, or a connection of a program that
has no use for one (Notepad, ``conhost``, ``rundll32``, ``regsvr32``).

Why it matters
--------------
A remote shell that listens, or injected code that calls home from the body it sits in.

What else looks like this
-------------------------
Libraries in ``rundll32`` that fetch something for Windows (low); remote management answers in its
own programs.

How to check by hand
--------------------
the process's start and what it started, in the same log

References
----------
* https://attack.mitre.org/techniques/T1059/
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
    if event.act != "connection":
        return
    words = "it was connected to" if "listens" in event.traits else "it has no use for the network"
    image = (event.text("image") or "").lower().rpartition("\\")[2]
    guest = image.startswith(("rundll32", "dllhost", "msbuild")) and "listens" not in event.traits
    pairs = (("program", "image"), ("here", "local"), ("there", "remote"))
    yield Evidence((words, *told(event, *pairs)), verify(event), Severity.LOW if guest else None)


INDICATOR = Indicator(
    id="event-connection",
    title="a program that talks to nobody talked to the network",
    family="event-connection",
    techniques=("T1059", "T1055"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a library of Windows or of yours fetches something through it",
    doc=__doc__,
)
