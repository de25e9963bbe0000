"""The stack or the heap is executable.

What it looks for
-----------------
``[stack]`` or ``[heap]`` with the execute permission. A heap that is executable while the stack is
not was made so by the program itself: medium.

Why it matters
--------------
Exploits need it and modern programs never ask for it; together with other findings it says how
code got in.

What else looks like this
-------------------------
Old programs, hand-written assembly without the stack note, nested functions of GNU C: the kernel
then makes the stack executable, or everything readable.

How to check by hand
--------------------
``grep -E '\\[(stack|heap)' /proc/PID/maps; readelf -lW /proc/PID/exe | grep STACK``

References
----------
* https://attack.mitre.org/techniques/T1203/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import executable, listed, verify
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    found = [m for m in executable(process) if m.path.startswith(("[stack", "[heap"))]
    if not found:
        return
    facts = list(listed(found))
    severity = None
    if not any(m.path.startswith("[stack") for m in found):
        facts.append("the heap is executable and the stack is not: the program asked for it")
        severity = Severity.MEDIUM
    yield Evidence(tuple(facts), verify(process, found[0]), severity)


INDICATOR = Indicator(
    id="memory-executable-stack",
    title="has an executable stack or heap",
    family="memory",
    techniques=("T1203",),
    severity=Severity.LOW,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the program is old or lacks the stack note (readelf shows GNU_STACK RWE)",
    doc=__doc__,
)
