"""A recorded command line decodes, fetches or reads something and runs it.

What it looks for
-----------------
A recorded command in which something decoded, fetched, or read from a key, attribute, variable or
queue is run; that makes a program in memory; that writes a process's memory, preloads a volatile
library, ties a shell to a connection or mounts over a process. The reading is the one that
persistence items get.

Why it matters
--------------
Command lines in logs outlive the memory in which their payload ran.

What else looks like this
-------------------------
Administrators install software with ``curl URL | sh``; it comes out like anybody else's.

How to check by hand
--------------------
``ausearch -i -if FILE -a SERIAL``, ``journalctl --file FILE``, or the line that the finding names

References
----------
* https://attack.mitre.org/techniques/T1059/004/
* https://attack.mitre.org/techniques/T1140/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import LogEvent
from triage.predicates.executions import confidence_of, reasons_of
from triage.predicates.logged import again, seen
from triage.scene import Scene

_OTHERS = frozenset({"volatile", "fd-exec"})


def check(event: LogEvent, scene: Scene) -> Iterator[Evidence]:
    reasons = [reason for reason in reasons_of(event) if reason.kind not in _OTHERS]
    volatile = [
        reason
        for reason in reasons_of(event)
        if reason.kind == "volatile" and (event.exe is None or event.command is not None)
    ]
    found = sorted((*reasons, *volatile), key=lambda reason: -reason.severity.points)
    if found:
        facts = (*(reason.text for reason in found[:6]), *seen(event))
        yield Evidence(facts, again(event, scene), found[0].severity, confidence_of(event))


INDICATOR = Indicator(
    id="logged-command",
    title="a log shows a command that runs what no file holds",
    family="command",
    techniques=("T1059.004", "T1140", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=LogEvent,
    check=check,
    benign_if="an administrator or a tool that you know ran it",
    doc=__doc__,
)
