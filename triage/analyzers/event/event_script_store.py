"""A script that ran uses a store without files.

What it looks for
-----------------
A script that runs what it reads from the Registry, from WMI, from an event log, from a file's
alternate stream or from the environment, or that writes raw data into an event log.

Why it matters
--------------
The loader half of fileless storage: the payload lies in a value, a class or an event, and this is
the script that fetches it.

What else looks like this
-------------------------
Configuration scripts read the Registry, but do not run what they read.

How to check by hand
--------------------
look at the named value in the same image: ``triage image ROOT`` links both

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1112/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene
from triage.windows.traits import Trait

_WHERE = (
    (Trait.RUNS_REGISTRY, "it runs what it reads from the Registry", Severity.HIGH),
    (Trait.RUNS_WMI, "it runs what it reads from WMI", Severity.HIGH),
    (Trait.RUNS_EVENTLOG, "it runs what it reads from an event log", Severity.HIGH),
    (Trait.RUNS_STREAM, "it runs what it reads from a file's alternate stream", Severity.HIGH),
    (Trait.RUNS_ENVIRONMENT, "it runs what it reads from the environment", Severity.MEDIUM),
)


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "script":
        return
    raw = Trait.EVENTLOG_WRITE in event.traits and "raw-data" in event.traits
    for trait, words, severity in _WHERE:
        if trait in event.traits:
            facts = told(event, ("script", "script"), ("names", "registry"), ("file", "path"))
            yield Evidence((words, *facts), verify(event), severity)
    if raw:
        facts = told(event, ("script", "script"), ("file", "path"))
        yield Evidence(("it writes raw data into an event log", *facts), verify(event))


INDICATOR = Indicator(
    id="event-script-store",
    title="a script that ran uses a store without files",
    family="event-store",
    techniques=("T1027.011", "T1059.001"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a management product keeps its own script there and starts it so",
    doc=__doc__,
)
