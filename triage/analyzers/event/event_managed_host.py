""".NET or PowerShell runs in a program that has none.

What it looks for
-----------------
The .NET runtime or PowerShell's engine in a program of Windows that is not written in .NET: as a
module that was loaded, as a usage log, as a crash of the runtime, or as the engine's own host.

Why it matters
--------------
Tools that run assemblies in memory (execute-assembly, unmanaged PowerShell) bring the runtime
with them into whatever process they sit in.

What else looks like this
-------------------------
Custom actions of installers run .NET in ``rundll32``; add-ins bring it into Office (low).

How to check by hand
--------------------
what the process loaded and started next, in the same log

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

_WORDS = {
    ("module-load", "automation"): "PowerShell's engine was loaded",
    ("module-load", "runtime"): "the .NET runtime was loaded",
    ("file-write", "usage-log"): "the .NET runtime left its usage log",
    ("managed-crash", "odd-host"): "the .NET runtime crashed in it",
    ("managed-crash", "from-bytes"): "it crashed while it loaded an assembly from memory",
    ("engine-start", "unmanaged-host"): "PowerShell's engine has it for a host",
    ("engine-start", "foreign-host"): "PowerShell's engine has a program of the user's for a host",
}
_ADD_INS = ("winword", "excel", "powerpnt", "outlook", "iexplore", "explorer", "rundll32")


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    words = [w for (act, trait), w in _WORDS.items() if act == event.act and trait in event.traits]
    if not words:
        return
    image = (event.text("image") or "").lower().rpartition("\\")[2]
    guest = image.startswith(_ADD_INS) and event.act != "engine-start"
    own = "from-bytes" in event.traits and "odd-host" not in event.traits
    severity = Severity.MEDIUM if guest or own or "foreign-host" in event.traits else None
    if guest and words == ["the .NET runtime was loaded"] and not image.startswith("rundll32"):
        severity = Severity.LOW
    pairs = (("in", "image"), ("module", "loaded"), ("file", "path"), ("command", "command"))
    yield Evidence((words[0], *told(event, *pairs)), verify(event), severity)


INDICATOR = Indicator(
    id="event-managed-host",
    title=".NET or PowerShell runs in a program that has none",
    family="event-managed",
    techniques=("T1620", "T1059.001"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="an add-in or an installer of yours is written in .NET",
    doc=__doc__,
)
