"""A scheduled task runs code from where users write.

What it looks for
-----------------
A task that was registered, changed or started whose program lies where users write or on a share.

Why it matters
--------------
Persistence of what is dropped or fetched; its command line is judged beside this.

What else looks like this
-------------------------
Updaters that install themselves for one user.

How to check by hand
--------------------
the task's file below ``System32/Tasks`` of the same image

References
----------
* https://attack.mitre.org/techniques/T1053/005/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene

_WORDS = (
    ("outside", "its program lies where users write"),
    ("output-kept", "its output goes to a file to be fetched"),
    ("hidden", "it is hidden"),
)


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "task" and {"outside", "hidden", "output-kept"} & set(event.traits):
        words = "; ".join(words for trait, words in _WORDS if trait in event.traits)
        yield Evidence((words, *told(event, ("task", "task"), ("runs", "command"))), verify(event))


INDICATOR = Indicator(
    id="event-task",
    title="a scheduled task runs code from where users write",
    family="event-task",
    techniques=("T1053.005",),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="an updater that this user installed",
    doc=__doc__,
)
