"""A record shows a library or module loaded from a volatile place.

What it looks for
-----------------
An event of a tracing tool that a shared object or kernel module was loaded from a memory file
(memfd), from shared memory or from a run-time directory.

Why it matters
--------------
The program is an honest one; what was loaded into it has no lasting file.

What else looks like this
-------------------------
.NET, libffi, OpenGL drivers and others map code of their own from memory files: known names are
silent, as are libraries anywhere else.

How to check by hand
--------------------
Read the event on the line that the finding names.

References
----------
* https://attack.mitre.org/techniques/T1574/006/
* https://attack.mitre.org/techniques/T1129/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import LogEvent
from triage.predicates.executions import confidence_of
from triage.predicates.logged import again, seen, volatile_code
from triage.scene import Scene


def check(event: LogEvent, scene: Scene) -> Iterator[Evidence]:
    if event.action != "load":
        return
    for path in event.paths:
        if volatile_code(path):
            facts = (f"it loaded {path}", *seen(event))
            yield Evidence(facts, again(event, scene), confidence=confidence_of(event))
            return


INDICATOR = Indicator(
    id="logged-library",
    title="a log shows code loaded from a volatile place",
    family="library",
    techniques=("T1574.006", "T1129", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=LogEvent,
    check=check,
    benign_if="the program is known to load code of its own from there",
    doc=__doc__,
)
