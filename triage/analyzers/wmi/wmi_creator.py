"""A WMI subscription that runs code was created by a user account.

What it looks for
-----------------
``CreatorSID`` of the consumer or filter is that of an account (S-1-5-21-...), not of SYSTEM or
the group of administrators.

Why it matters
--------------
Set-up programs and the system create subscriptions as SYSTEM or as Administrators. Tools run by
hand from a user's session leave that user's identity.

What else looks like this
-------------------------
An administrator who registers a subscription from an account of his own.

How to check by hand
--------------------
``Get-CimInstance -Namespace root/subscription -ClassName __FilterToConsumerBinding``, and the
same in every other namespace; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1546/003/
* https://learn.microsoft.com/windows/win32/wmisdk/--eventfilter
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiSubscription
from triage.predicates.wmi_consumers import query_command, runs_code
from triage.scene import Scene

_ACCOUNT = "S-1-5-21-"


def check(item: WmiSubscription, scene: Scene) -> Iterator[Evidence]:
    if not runs_code(item):
        return
    for part in (item.consumer, item.filter):
        if part is not None and (part.creator_sid or "").startswith(_ACCOUNT):
            yield Evidence((f"the creator is {part.creator_sid}",), query_command(item))
            return


INDICATOR = Indicator(
    id="wmi-creator",
    title="a user account created a WMI subscription that runs code",
    family="wmi-creator",
    techniques=("T1546.003",),
    severity=Severity.LOW,
    confidence=Confidence.MODERATE,
    inspects=WmiSubscription,
    check=check,
    benign_if="an administrator registered it from that account",
    doc=__doc__,
)
