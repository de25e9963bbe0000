"""Records of an event log are missing or out of order.

What it looks for
-----------------
Ranges of record numbers that are not there, a clock that went back from one record to the next,
records that could not be read.

Why it matters
--------------
Records can be taken out of a log one by one; a clock that was turned back hides when something
was done.

What else looks like this
-------------------------
Damage, synchronised clocks after a start, logs exported with a filter.

How to check by hand
--------------------
``wevtutil gli FILE /lf:true``; the frames of the file with ``triage image --debug``

References
----------
* https://attack.mitre.org/techniques/T1070/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventLog
from triage.scene import Scene


def check(log: EventLog, scene: Scene) -> Iterator[Evidence]:
    if log.missing_count:
        ranges = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in log.missing[:8])
        yield Evidence((f"{log.missing_count} record numbers are missing: {ranges}",))
    if log.jumps:
        words = [f"record {n}: from {before} back to {after}" for n, before, after in log.jumps[:5]]
        yield Evidence(("the clock went back", *words))
    if log.damaged:
        yield Evidence(
            (f"{log.damaged} records could not be read, {log.recovered} were recovered",)
        )


INDICATOR = Indicator(
    id="event-log-state",
    title="records of an event log are missing or out of order",
    family="event-log",
    techniques=("T1070.001",),
    severity=Severity.INFO,
    confidence=Confidence.WEAK,
    inspects=EventLog,
    check=check,
    benign_if="the log was damaged or exported with a filter",
    doc=__doc__,
)
