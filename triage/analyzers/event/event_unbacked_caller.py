"""Code that lies in no file opened a process.

What it looks for
-----------------
Sysmon's event 10 with a call trace in which the caller of the system's libraries lies in no
module, where no runtime that compiles code would explain it; or a call that does not come through
``ntdll``.

Why it matters
--------------
Loaded reflectively or injected, code is in no module list, but it must call Windows all the same.

What else looks like this
-------------------------
.NET, Java and browsers compile code: their modules stand beside it in the trace. Such programs
without them in the trace count less, as do installed programs (security products); reading alone
counts less than writing.

How to check by hand
--------------------
the trace in the record's ``CallTrace``; the source's other events

References
----------
* https://attack.mitre.org/techniques/T1055/
* https://learn.microsoft.com/sysinternals/downloads/sysmon
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.access import rights_in_words
from triage.events.images import installed
from triage.events.words import lowered, told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    traits = set(event.traits)
    if event.act != "process-access" or not traits & {"unbacked-caller", "direct-call"}:
        return
    severity = Severity.HIGH if "writes" in traits else Severity.MEDIUM
    if "jit" in traits:
        severity = Severity.LOW
    elif installed(event.text("image") or ""):
        severity = lowered(severity)
    words = ["the caller lies in no file"] if "unbacked-caller" in traits else []
    if "direct-call" in traits:
        words.append("the kernel was not called through ntdll")
    rights = rights_in_words(int(event.text("access") or "0", 16))
    pairs = (("from", "image"), ("to", "target"), ("access", "access"), ("trace", "trace"))
    facts = (*words, f"it got: {rights}", *told(event, *pairs))
    yield Evidence(facts, verify(event), severity)


INDICATOR = Indicator(
    id="event-unbacked-caller",
    title="code that lies in no file opened a process",
    family="event-caller",
    techniques=("T1055", "T1620"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="the source protects or compiles its own code (a game's protection, a runtime)",
    doc=__doc__,
)
