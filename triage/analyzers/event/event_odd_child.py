"""A shell was started by what starts none.

What it looks for
-----------------
An interpreter or shell under a document's program, a server, a WMI consumer, a script host or the
service manager; and a shell without arguments under a program of Windows that has no window for
one.

Why it matters
--------------
Who starts a shell says what it is for: these are what exploits, consumers and remote shells
leave.

What else looks like this
-------------------------
Macros of your own, servers with administration pages, management through WMI.

How to check by hand
--------------------
follow the process ids of the same log upward and downward

References
----------
* https://attack.mitre.org/techniques/T1059/
* https://attack.mitre.org/techniques/T1546/003/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify, worst
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene

_WORDS = {
    "document-child": ("a document's program started it", Severity.HIGH),
    "server-child": ("a server that answers the network started it", Severity.MEDIUM),
    "wmi-child": ("WMI started it", Severity.MEDIUM),
    "script-child": ("a script host or a browser started it", Severity.MEDIUM),
    "service-child": ("the service manager started it", Severity.MEDIUM),
    "remote-child": ("remote management (WinRM) started it", Severity.MEDIUM),
    "remote-object": ("it was started as an object, from afar or by a document", Severity.MEDIUM),
    "childless-parent": ("a program that never starts any started it", Severity.HIGH),
    "bare-shell": ("it is a bare shell under a program without a window", Severity.MEDIUM),
}


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "process-start":
        return
    found = [_WORDS[trait] for trait in event.traits if trait in _WORDS]
    if not found:
        return
    words = "; ".join(words for words, _ in found)
    facts = told(event, ("command", "command"), ("parent", "parent_command"), ("by", "parent"))
    only_remote = set(event.traits) & set(_WORDS) == {"remote-child"}
    sure = Confidence.WEAK if only_remote else None
    severity = worst(*(severity for _, severity in found))
    yield Evidence((words, *facts), verify(event), severity, sure)


INDICATOR = Indicator(
    id="event-odd-child",
    title="a shell was started by what starts none",
    family="event-child",
    techniques=("T1059", "T1204.002"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="your administration works this way, and the command is one of its own",
    doc=__doc__,
)
