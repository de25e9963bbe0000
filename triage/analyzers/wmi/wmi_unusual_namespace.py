"""A WMI subscription lies in a namespace where none belongs.

What it looks for
-----------------
Filter, consumer or binding outside ``root\\subscription``, ``root\\default`` and
``root\\cimv2``. High when the consumer runs code.

Why it matters
--------------
Most tools only read ``root\\subscription``. The standard consumer classes have to be copied into
another namespace on purpose.

What else looks like this
-------------------------
Management products that register their own consumer classes in a namespace of their own.

How to check by hand
--------------------
``Get-CimInstance -Namespace root/subscription -ClassName __FilterToConsumerBinding``, and the
same in every other namespace; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1546/003/
* https://github.com/fox-it/dissect.target/issues/1382
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiSubscription
from triage.predicates.wmi_consumers import query_command, runs_code
from triage.scene import Scene

_USUAL = frozenset({"root\\subscription", "root\\default", "root\\cimv2"})


def check(item: WmiSubscription, scene: Scene) -> Iterator[Evidence]:
    namespace = item.namespace
    if namespace is None or namespace.lower() in _USUAL or item.consumer is None:
        return
    severity = Severity.HIGH if runs_code(item) else Severity.LOW
    yield Evidence((f"it lies in {namespace}",), query_command(item), severity)


INDICATOR = Indicator(
    id="wmi-unusual-namespace",
    title="a WMI subscription in an unusual namespace",
    family="wmi-place",
    techniques=("T1546.003",),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=WmiSubscription,
    check=check,
    benign_if="the namespace and the consumer belong to a management product that is installed",
    doc=__doc__,
)
