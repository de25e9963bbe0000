"""What a WMI subscription runs unwraps to a payload.

What it looks for
-----------------
A script, command line or text of an event consumer that is something else after unwrapping:
encoded PowerShell, a program or shellcode in base64, hexadecimal, numbers, compressed or XORed.

Why it matters
--------------
Nobody encodes an honest administration script before storing it in the repository.

What else looks like this
-------------------------
Management agents that call PowerShell with ``-EncodedCommand`` to spare themselves quoting. What
it decodes to is in the report.

How to check by hand
--------------------
``Get-CimInstance -Namespace root/subscription -ClassName __FilterToConsumerBinding``, and the
same in every other namespace; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1546/003/
* https://attack.mitre.org/techniques/T1027/010/
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiSubscription
from triage.predicates.payloads import hidden, in_words
from triage.predicates.wmi_consumers import contents, query_command, state_words
from triage.scene import Scene


def check(item: WmiSubscription, scene: Scene) -> Iterator[Evidence]:
    for part in (item.consumer, item.filter):
        if part is None:
            continue
        for value, content in contents(part):
            found = hidden(content)
            if found is not None:
                layer, chain = found
                facts = (f"{part.class_name}.{value.name}: {in_words(chain)}", layer.detail)
                shown = (*filter(None, facts), state_words(item.state))
                yield Evidence(shown, query_command(item))


INDICATOR = Indicator(
    id="wmi-consumer-payload",
    title="what a WMI subscription runs hides a payload",
    family="wmi-payload",
    techniques=("T1546.003", "T1027.010", "T1027.011", "T1140"),
    severity=Severity.CRITICAL,
    confidence=Confidence.MODERATE,
    inspects=WmiSubscription,
    check=check,
    benign_if="an agent that you know stored it, and it decodes to that agent's own script",
    doc=__doc__,
)
