"""A WMI subscription of which a part is missing.

What it looks for
-----------------
A consumer that runs code and that no binding names, or a binding whose filter or consumer is not
there.

Why it matters
--------------
Subscriptions are created and removed part by part. Half a chain is one that was being set up,
one that was cleaned up in a hurry, or storage that only looks like a consumer.

What else looks like this
-------------------------
Uninstallers that forget a part.

How to check by hand
--------------------
``Get-CimInstance -Namespace root/subscription -ClassName __FilterToConsumerBinding``, and the
same in every other namespace; offline: ``triage image ROOT``

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
from triage.predicates.wmi_consumers import query_command, runs_code
from triage.scene import Scene


def check(item: WmiSubscription, scene: Scene) -> Iterator[Evidence]:
    if item.binding is None:
        if item.consumer is None or not runs_code(item):
            return
        facts = ["no binding names this consumer, so nothing starts it"]
    else:
        ends = (("filter", item.filter), ("consumer", item.consumer))
        facts = [f"the binding names a {name} that is not there" for name, end in ends if not end]
        ends_gone = [(n, e) for n, e in ends if e is not None and e.state != item.state]
        facts += [f"the {name} is {end.state}, the binding {item.state}" for name, end in ends_gone]
    if facts:
        severity = Severity.MEDIUM if runs_code(item) else Severity.LOW
        yield Evidence(tuple(facts), query_command(item), severity)


INDICATOR = Indicator(
    id="wmi-broken-chain",
    title="a part of a WMI subscription is missing",
    family="wmi-chain",
    techniques=("T1546.003", "T1070"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=WmiSubscription,
    check=check,
    benign_if="an uninstaller left it, and the missing part belonged to that software",
    doc=__doc__,
)
