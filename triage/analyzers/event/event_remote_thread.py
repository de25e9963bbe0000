"""A thread was started in another process.

What it looks for
-----------------
Sysmon's event 8 where the thread starts in memory that belongs to no file, in ``LoadLibrary``, or
in a library that lies where users write.

Why it matters
--------------
The step that makes injected code run: memory without a file behind it holds what was just
written.

What else looks like this
-------------------------
Debuggers and crash reports start theirs in ``ntdll``; ``csrss`` and security products start
theirs in their own modules. Programs of Windows that open any process: medium, and low where the
thread starts in the kernel.

How to check by hand
--------------------
the process that was entered: its later events in the same log

References
----------
* https://attack.mitre.org/techniques/T1055/
* https://learn.microsoft.com/sysinternals/downloads/sysmon
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "remote-thread":
        return
    traits = set(event.traits)
    if "no-module" in traits:
        words, severity = "it starts in memory that no file backs", Severity.HIGH
    elif "loads-library" in traits:
        words, severity = (
            "it starts in LoadLibrary: a library is put into the process",
            Severity.MEDIUM,
        )
    elif "foreign-module" in traits:
        words, severity = "it starts in a library that lies where users write", Severity.HIGH
    elif "lsass" in traits:
        words, severity = "it starts in the process that keeps the passwords", Severity.MEDIUM
    else:
        return
    if "of-windows" in traits:
        severity = Severity.MEDIUM if "of-user-memory" in traits else Severity.LOW
    pairs = (("from", "image"), ("into", "target"), ("at", "address"), ("module", "module"),
             ("function", "function"))  # fmt: skip
    yield Evidence((words, *told(event, *pairs)), verify(event), severity)


INDICATOR = Indicator(
    id="event-remote-thread",
    title="a thread was started in another process",
    family="event-injection",
    techniques=("T1055", "T1620"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=EventRecord,
    check=check,
    benign_if="the source is a debugger or a security product that you run",
    doc=__doc__,
)
