"""A class in the WMI repository has the name of a known family's storage.

What it looks for
-----------------
Names of classes, with their namespaces, in which public reports found payloads, from
``knowledge/wmi.toml``: alone a lead (medium), with a hidden payload in it a verdict (critical).

Why it matters
--------------
It tells whose work it may be, and what else to look for: miners like WannaMine and PowerGhost
keep their modules in properties of such classes, and a subscription that reads them.

What else looks like this
-------------------------
Anybody may use a name: weak evidence by itself.

How to check by hand
--------------------
``(Get-CimClass -Namespace NAMESPACE -ClassName CLASS).CimClassProperties``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://github.com/christofersimbar/WannaMineCleaner
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiObject
from triage.predicates.wmi_consumers import query_command
from triage.predicates.wmi_families import families_of
from triage.scene import Scene


def check(item: WmiObject, scene: Scene) -> Iterator[Evidence]:
    for family in families_of(item):
        facts = [f"{family.name} is a class of {family.what} ({family.source})"]
        if family.certain:
            facts.append("it holds a payload, too")
        severity = Severity.CRITICAL if family.certain else None
        confidence = Confidence.MODERATE if family.certain else None
        yield Evidence(tuple(facts), query_command(item), severity, confidence)


INDICATOR = Indicator(
    id="wmi-known-class",
    title="a WMI class has the name of a known family's storage",
    family="wmi-name",
    techniques=("T1027.011",),
    severity=Severity.MEDIUM,
    confidence=Confidence.WEAK,
    inspects=WmiObject,
    check=check,
    benign_if="the name is a coincidence: judge what it holds",
    doc=__doc__,
)
