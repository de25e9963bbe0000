"""A name in the WMI repository is that of a known tool or family.

What it looks for
-----------------
Names of filters and consumers that public reports and tools name, from ``knowledge/wmi.toml``:
alone they are a lead (medium); when what the consumer runs is the family's too, or hides a
payload, they are a verdict (critical). And queries with commands that families use under changing
names: medium.

Why it matters
--------------
It tells whose work it may be, and what else to look for.

What else looks like this
-------------------------
Anybody may use a name: weak evidence by itself.

How to check by hand
--------------------
``Get-CimInstance -Namespace root/subscription -ClassName __FilterToConsumerBinding``, and the
same in every other namespace; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1546/003/
* https://attack.mitre.org/techniques/T1546/003/#procedure-examples
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiSubscription
from triage.predicates.wmi_consumers import query_command
from triage.predicates.wmi_families import behaviours_of, families_of
from triage.scene import Scene


def check(item: WmiSubscription, scene: Scene) -> Iterator[Evidence]:
    for family in families_of(item):
        facts = [f"{family.name} is a name of {family.what} ({family.source})"]
        if family.certain:
            facts.append("what it runs is like that family's, too")
            yield Evidence(
                tuple(facts), query_command(item), Severity.CRITICAL, Confidence.MODERATE
            )
        else:
            yield Evidence(tuple(facts), query_command(item))
    for family in behaviours_of(item):
        yield Evidence((f"query and command are like {family.what} ({family.source})",))


INDICATOR = Indicator(
    id="wmi-known-name",
    title="a WMI subscription is like that of a known tool or family",
    family="wmi-name",
    techniques=("T1546.003",),
    severity=Severity.MEDIUM,
    confidence=Confidence.WEAK,
    inspects=WmiSubscription,
    check=check,
    benign_if="the name is a coincidence: judge what it runs",
    doc=__doc__,
)
