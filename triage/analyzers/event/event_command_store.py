"""A command line uses a store without files.

What it looks for
-----------------
A command line that runs what it reads from the Registry, from WMI, from an event log, from a file's
alternate stream or from the environment.

Why it matters
--------------
The loader of a payload that lies in no file: a Run value, a task or a service that only fetches.

What else looks like this
-------------------------
None known that runs what it reads; commands that only read do not count.

How to check by hand
--------------------
look at the named value in the same image: ``triage image ROOT`` links both

References
----------
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene
from triage.windows.commands import judge_command
from triage.windows.traits import Trait

_RUNS = {
    Trait.RUNS_REGISTRY: "it runs what it reads from the Registry",
    Trait.RUNS_WMI: "it runs what it reads from WMI",
    Trait.RUNS_EVENTLOG: "it runs what it reads from an event log",
    Trait.RUNS_STREAM: "it runs what it reads from a file's alternate stream",
}


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act in ("script", "registry-set"):
        return
    for command in event.texts("command"):
        found = judge_command(command)
        words = [words for trait, words in _RUNS.items() if found.has(trait)]
        if words:
            named = [
                f"it names {r.key}" + (f", {r.value}" if r.value else "") for r in found.registry
            ]
            facts = told(event, ("command", "command"), ("started by", "parent"))
            yield Evidence((*words, *named[:4], *facts), verify(event))
            return


INDICATOR = Indicator(
    id="event-command-store",
    title="a command line uses a store without files",
    family="event-store",
    techniques=("T1027.011", "T1059.001"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a management product starts its own script so",
    doc=__doc__,
)
