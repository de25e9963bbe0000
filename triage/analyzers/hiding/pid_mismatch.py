"""The directory of a process shows another process.

What it looks for
-----------------
``/proc/N/status`` whose ``Pid:`` line says another number than N.

Why it matters
--------------
Somebody mounted the directory of one process over that of another (``mount --bind /proc/1
/proc/666``): every tool then shows the harmless one. Works even where the mount table of the
process that did it cannot be read.

What else looks like this
-------------------------
Nothing: within one pid namespace the two are one number.

How to check by hand
--------------------
``grep ^Pid: /proc/N/status; grep ' /proc/' /proc/self/mountinfo``

References
----------
* https://attack.mitre.org/techniques/T1564/013/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.status_pid is None or process.status_pid == process.pid:
        return
    facts = (f"{process.location.path} is the directory of process {process.status_pid}",)
    yield Evidence(facts, f"grep ^Pid: /proc/{process.pid}/status")


INDICATOR = Indicator(
    id="pid-mismatch",
    title="a process's directory shows another process",
    family="hiding",
    techniques=("T1564.013",),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="nothing benign is known to do this",
    doc=__doc__,
)
