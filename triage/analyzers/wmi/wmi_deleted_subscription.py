"""A WMI subscription that ran code was deleted.

What it looks for
-----------------
A consumer or a chain that lies on pages the repository no longer uses, in freed bytes, or that
no key of the index names, and whose consumer runs a script or a command.

Why it matters
--------------
Deleting the subscription is how an intruder cleans up, and how one hides from the tools that ask
WMI. The bytes stay until they are written over.

What else looks like this
-------------------------
Software that was removed. What was deleted is judged by the same rules as what is live.

How to check by hand
--------------------
Offline only: the live system does not show it. ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1546/003/
* https://attack.mitre.org/techniques/T1070/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiSubscription
from triage.predicates.wmi_consumers import runs_code, state_words
from triage.scene import Scene


def check(item: WmiSubscription, scene: Scene) -> Iterator[Evidence]:
    if item.consumer is None or item.consumer.state in ("live", "mof") or not runs_code(item):
        return
    facts = [state_words(item.consumer.state).removeprefix("deleted: ")]
    if item.consumer.modified is not None:
        facts.append(f"last changed {item.consumer.modified}")
    yield Evidence(tuple(facts))


INDICATOR = Indicator(
    id="wmi-deleted-subscription",
    title="a WMI subscription that ran code was deleted",
    family="wmi-deleted",
    techniques=("T1546.003", "T1070"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=WmiSubscription,
    check=check,
    benign_if="the software it belonged to was removed",
    doc=__doc__,
)
