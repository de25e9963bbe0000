"""A name in the WMI repository is that of a known tool or family.

What it looks for
-----------------
Names of filters, consumers and bindings that public reports and tools name, from
``knowledge/wmi.toml``.

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
from triage.knowledge import match
from triage.model import Confidence, Evidence, Severity
from triage.model_windows import WmiSubscription
from triage.scene import Scene
from triage.wmi_consumers import query_command


def check(item: WmiSubscription, scene: Scene) -> Iterator[Evidence]:
    for part in (item.filter, item.consumer):
        name = None if part is None else part.text("Name")
        known = None if name is None else match("wmi", "family_names", name.lower())
        if known is not None:
            facts = (f"{name} is a name of {known.what} ({known.source})",)
            yield Evidence(facts, query_command(item))


INDICATOR = Indicator(
    id="wmi-known-name",
    title="a WMI subscription has a name of a known tool or family",
    family="wmi-name",
    techniques=("T1546.003",),
    severity=Severity.MEDIUM,
    confidence=Confidence.WEAK,
    inspects=WmiSubscription,
    check=check,
    benign_if="the name is a coincidence: judge what it runs",
    doc=__doc__,
)
