"""A WMI consumer that runs something was made.

What it looks for
-----------------
The making of a consumer that runs a script or a command, as Sysmon's event 20 or WMI-Activity's
5861 tell it with its text.

Why it matters
--------------
It runs as SYSTEM whenever its event occurs, and lies in the WMI repository, not in a file.

What else looks like this
-------------------------
``SCM Event Log Consumer`` is Windows' own and not told. Management agents have some: the text
tells.

How to check by hand
--------------------
the subscription in the repository of the same image: ``triage image ROOT`` links both

References
----------
* https://attack.mitre.org/techniques/T1546/003/
* https://learn.microsoft.com/windows/win32/wmisdk/receiving-events-at-all-times
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.content.examine import payload
from triage.events.processes import command_severity
from triage.events.words import chain, contents, told, verify, worst
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "wmi-consumer":
        return
    held = [f"it holds {chain(content)}" for _, content in contents(event)]
    command = event.text("command") or ""
    traits = set(event.traits)
    severity = Severity.MEDIUM if "other" in traits else Severity.HIGH
    if "empty" in traits and not held:
        severity = Severity.LOW  # of a product's own class, or one that only writes events
    if "drops-code" in traits or any(payload(content) for _, content in contents(event)):
        severity = worst(severity, Severity.HIGH) or Severity.HIGH
    if command and command_severity(command) is Severity.CRITICAL:
        severity = Severity.CRITICAL
    pairs = (("consumer", "consumer"), ("of type", "type"), ("runs", "command"), ("when", "query"),
             ("operation", "operation"))  # fmt: skip
    yield Evidence((*held, *told(event, *pairs)), verify(event), severity)


INDICATOR = Indicator(
    id="event-wmi-consumer",
    title="a WMI consumer that runs something was made",
    family="event-wmi",
    techniques=("T1546.003", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=EventRecord,
    check=check,
    benign_if="a management product of yours made it, with this very text",
    doc=__doc__,
)
