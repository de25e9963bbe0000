"""A script that ran carries a payload.

What it looks for
-----------------
A script block, pipeline or invocation of PowerShell in whose text a program or shellcode is
encoded.

Why it matters
--------------
PowerShell logs the text that it compiles, decoded layer by layer: a loader that never was a file
shows here with what it loads.

What else looks like this
-------------------------
Management agents that unpack a library of their own from a script; the path and signature tell.

How to check by hand
--------------------
``Get-WinEvent -Path LOG -FilterXPath '*[System[EventID=4104]]'``; ``triage carve`` gives the
payload

References
----------
* https://attack.mitre.org/techniques/T1059/001/
* https://attack.mitre.org/techniques/T1620/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import chain, contents, told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene
from triage.windows.traits import Trait


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "script" or Trait.CARRIES_PAYLOAD not in event.traits:
        return
    held = [f"it carries {chain(content)}" for _, content in contents(event)]
    facts = told(event, ("script", "script"), ("file", "path"), ("by", "source"))
    yield Evidence((*held, *facts), verify(event))


INDICATOR = Indicator(
    id="event-script-payload",
    title="a script that ran carries a payload",
    family="event-script",
    techniques=("T1059.001", "T1140", "T1620"),
    severity=Severity.CRITICAL,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a management product of yours unpacks this very library",
    doc=__doc__,
)
