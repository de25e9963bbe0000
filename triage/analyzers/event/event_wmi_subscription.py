"""Parts of a WMI subscription were made.

What it looks for
-----------------
A binding of a filter to a consumer, a filter, a query for the start of processes or for the
clock, a write into a WMI namespace, or one of these that failed (WMI-Activity 5858).

Why it matters
--------------
The other halves of a subscription; where the consumer's own event is missing they are all there
is.

What else looks like this
-------------------------
Management agents and Sysmon's own queries.

How to check by hand
--------------------
the subscription in the repository of the same image

References
----------
* https://attack.mitre.org/techniques/T1546/003/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene

_SEVERITIES = {
    "wmi-binding": Severity.MEDIUM,
    "wmi-failure": Severity.LOW,
    "wmi-filter": Severity.LOW,
    "wmi-query": Severity.LOW,
    "wmi-write": Severity.MEDIUM,
}


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    severity = _SEVERITIES.get(event.act)
    if severity is None:
        return
    pairs = (("filter", "filter"), ("consumer", "consumer"), ("name", "name"), ("query", "query"),
             ("namespace", "namespace"), ("operation", "operation"), ("by", "cause"))  # fmt: skip
    if "makes" in event.traits:
        severity = Severity.MEDIUM
    yield Evidence(told(event, *pairs), verify(event), severity)


INDICATOR = Indicator(
    id="event-wmi-subscription",
    title="parts of a WMI subscription were made",
    family="event-wmi",
    techniques=("T1546.003",),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a management product of yours made it",
    doc=__doc__,
)
