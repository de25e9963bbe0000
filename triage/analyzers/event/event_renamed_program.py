"""An interpreter of Windows runs under another name.

What it looks for
-----------------
A process whose file's own name (``OriginalFileName``) is that of a program of Windows that runs
what it is told, or of any that lies where users write, and whose path says otherwise; a folder
called like one of Windows' with a blank behind.

Why it matters
--------------
A copy under another name escapes rules that look for the name.

What else looks like this
-------------------------
Products that ship a renamed copy of a system tool.

How to check by hand
--------------------
compare the hash with the original's

References
----------
* https://attack.mitre.org/techniques/T1036/003/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "process-start" and {"renamed", "false-folder"} & set(event.traits):
        pairs = (("runs as", "image"), ("is", "original"), ("command", "command"), ("by", "parent"))
        yield Evidence(told(event, *pairs), verify(event))


INDICATOR = Indicator(
    id="event-renamed-program",
    title="an interpreter of Windows runs under another name",
    family="event-masquerade",
    techniques=("T1036.003",),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=EventRecord,
    check=check,
    benign_if="a product of yours ships the tool under this name",
    doc=__doc__,
)
