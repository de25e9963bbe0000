"""A script that ran loads code into memory.

What it looks for
-----------------
A script that loads an assembly from bytes, makes memory executable and runs it, or calls native
functions for that.

Why it matters
--------------
Reflective loading: the program exists in memory only, and the script's log is what is left of it.

What else looks like this
-------------------------
Test frameworks and a few installers load assemblies from bytes; ``Add-Type`` with native
functions is used by administrators (medium).

How to check by hand
--------------------
read the whole block: ``Get-WinEvent -Path LOG -FilterXPath '*[System[EventRecordID=N]]' | fl
Message``

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://attack.mitre.org/techniques/T1059/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene
from triage.windows.traits import Trait


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "script":
        return
    loads = {Trait.REFLECTIVE_LOAD, Trait.SHELLCODE_RUNNER} & set(event.traits)
    if not loads and Trait.MEMORY_API not in event.traits:
        return
    what = {
        Trait.REFLECTIVE_LOAD: "it loads a .NET assembly from bytes",
        Trait.SHELLCODE_RUNNER: "it makes memory and runs what it put there",
    }
    words = [what[trait] for trait in sorted(loads)] or ["it names native functions for memory"]
    severity = None if loads else Severity.MEDIUM
    facts = told(event, ("script", "script"), ("file", "path"), ("reads or writes", "registry"))
    yield Evidence((*words, *facts), verify(event), severity)


INDICATOR = Indicator(
    id="event-script-loader",
    title="a script that ran loads code into memory",
    family="event-loader",
    techniques=("T1620", "T1059.001"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="the script is a tool of your own that does this on purpose",
    doc=__doc__,
)
