"""A script engine was loaded where no script belongs.

What it looks for
-----------------
``jscript``, ``vbscript`` or ``scrobj`` as a module of ``regsvr32``, ``rundll32``, ``wmic``,
``msxsl`` or of a program that lies where users write.

Why it matters
--------------
Scriptlets and style sheets run scripts in programs that are no script hosts.

What else looks like this
-------------------------
Old installers that register scriptlets.

How to check by hand
--------------------
the command line of the process, in event 1 of the same log

References
----------
* https://attack.mitre.org/techniques/T1218/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "module-load" and "script-engine" in event.traits:
        yield Evidence(told(event, ("in", "image"), ("engine", "loaded")), verify(event))


INDICATOR = Indicator(
    id="event-script-engine",
    title="a script engine was loaded where no script belongs",
    family="event-module",
    techniques=("T1218", "T1059.005"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="an installer of yours registers components so",
    doc=__doc__,
)
