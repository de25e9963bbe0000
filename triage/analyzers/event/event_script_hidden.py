"""A script that ran hides what it does.

What it looks for
-----------------
A script whose words are taken apart, that decodes or downloads what it then runs, or that starts
PowerShell with an encoded command.

Why it matters
--------------
What ordinary scripts do not need: whoever hides the text of a script hides it from its readers.

What else looks like this
-------------------------
Installers that download and run a script by its vendor's own instruction; minified scripts.

How to check by hand
--------------------
``Get-WinEvent -Path LOG -FilterXPath '*[System[EventRecordID=N]]' | fl Message``, and ``triage
inspect``

References
----------
* https://attack.mitre.org/techniques/T1059/001/
* https://attack.mitre.org/techniques/T1027/010/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.scripts import severity_of
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene
from triage.windows.traits import Trait

_WORDS = (
    (Trait.OBFUSCATED, "its words are taken apart"),
    (Trait.IEX, "it runs text that it makes"),
    (Trait.DOWNLOAD, "it downloads"),
    (Trait.DECODE, "it decodes"),
    (Trait.DECOMPRESS, "it unpacks"),
    (Trait.ENCODED_COMMAND, "it gives PowerShell an encoded command"),
    (Trait.HIDDEN_WINDOW, "it hides its window"),
    (Trait.MINIDUMP, "it dumps the memory of a process"),
    (Trait.WMI_WRITE, "it writes into WMI"),
)
_OF_OTHERS = frozenset(
    {Trait.CARRIES_PAYLOAD, Trait.REFLECTIVE_LOAD, Trait.SHELLCODE_RUNNER, Trait.RUNS_REGISTRY,
     Trait.RUNS_WMI, Trait.RUNS_EVENTLOG, Trait.RUNS_ENVIRONMENT, Trait.AMSI_TAMPER,
     Trait.RUNS_STREAM, Trait.MEMORY_API}
)  # fmt: skip


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "script":
        return
    severity = severity_of(frozenset(event.traits) - _OF_OTHERS)
    words = [words for trait, words in _WORDS if trait in event.traits]
    if severity is None or not words:
        return
    facts = told(event, ("script", "script"), ("file", "path"), ("by", "source"))
    yield Evidence((", ".join(words), *facts), verify(event), severity)


INDICATOR = Indicator(
    id="event-script-hidden",
    title="a script that ran hides what it does",
    family="event-script",
    techniques=("T1059.001", "T1027.010"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="the script is your administration's or a vendor's own, word for word",
    doc=__doc__,
)
