"""A service that runs a shell or foreign code was installed.

What it looks for
-----------------
The installation of a service whose command is a shell, writes into a pipe, lies on a share or
where users write, or whose name is itself encoded data.

Why it matters
--------------
Remote execution and elevation install a service for a moment; pieces of a payload have been kept
in the names of services.

What else looks like this
-------------------------
Remote administration tools (PsExec) put theirs into the Windows folder: low.

How to check by hand
--------------------
the service's key in the SYSTEM hive of the same image

References
----------
* https://attack.mitre.org/techniques/T1543/003/
* https://attack.mitre.org/techniques/T1569/002/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify, worst
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene

_WORDS = {
    "shell": ("its command is a shell", Severity.HIGH),
    "pipe": ("its command writes into a named pipe", Severity.HIGH),
    "outside": ("its program lies on a share or where users write", Severity.MEDIUM),
    "coded-name": ("its name is encoded data", Severity.HIGH),
    "dropped": ("its program lies straight in the Windows folder", Severity.LOW),
}


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "service-install":
        return
    found = [_WORDS[trait] for trait in event.traits if trait in _WORDS]
    if found:
        facts = told(event, ("service", "service"), ("runs", "command"), ("as", "account"))
        words = "; ".join(words for words, _ in found)
        yield Evidence((words, *facts), verify(event), worst(*(severity for _, severity in found)))


INDICATOR = Indicator(
    id="event-service",
    title="a service that runs a shell or foreign code was installed",
    family="event-service",
    techniques=("T1543.003", "T1569.002"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a deployment of yours installs it so",
    doc=__doc__,
)
