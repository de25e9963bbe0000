"""A process was opened with the rights of an injection.

What it looks for
-----------------
Access to another process with exactly the rights to make threads, change and write memory, asked
for by name (not as all rights), by a program that is not of Windows; or all rights over a program
of Windows that ran already, by one from where users write.

Why it matters
--------------
That set is what ``VirtualAllocEx``, ``WriteProcessMemory`` and ``CreateRemoteThread`` need.

What else looks like this
-------------------------
Debuggers, accessibility tools, overlays of games and screen recorders.

How to check by hand
--------------------
look for event 8 between the same two processes

References
----------
* https://attack.mitre.org/techniques/T1055/
* https://learn.microsoft.com/windows/win32/procthread/process-security-and-access-rights
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.access import rights_in_words
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "process-access" and {"injection-rights", "seizes"} & set(event.traits):
        rights = rights_in_words(int(event.text("access") or "0", 16))
        pairs = (("from", "image"), ("to", "target"), ("access", "access"))
        yield Evidence((f"it asked to: {rights}", *told(event, *pairs)), verify(event))


INDICATOR = Indicator(
    id="event-injection-rights",
    title="a process was opened with the rights of an injection",
    family="event-injection",
    techniques=("T1055",),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="the source is a debugger, an overlay or an accessibility tool that you know",
    doc=__doc__,
)
