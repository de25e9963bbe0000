"""A permanent WMI subscription starts a command.

What it looks for
-----------------
A ``CommandLineEventConsumer``, in any namespace, live or deleted. High when it starts an
interpreter or a program that runs what it is given, a file from a place that any user may write
to, or names an address; medium when it starts an installed program by its path.

Why it matters
--------------
The command runs as SYSTEM whenever its event occurs. APT29, Turla, FIN8 and many others keep
their foothold this way.

What else looks like this
-------------------------
Vendor tools (Dell Command Power Manager, HP, SCCM) start their own programs: medium, to be
compared with the software that is installed.

How to check by hand
--------------------
``Get-CimInstance -Namespace root/subscription -ClassName __FilterToConsumerBinding``, and the
same in every other namespace; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1546/003/
* https://learn.microsoft.com/windows/win32/wmisdk/commandlineeventconsumer
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiSubscription
from triage.predicates.wmi_consumers import (
    COMMAND,
    command_of,
    command_reasons,
    excerpt,
    kind_of,
    query_command,
    state_words,
)
from triage.scene import Scene


def check(item: WmiSubscription, scene: Scene) -> Iterator[Evidence]:
    if item.consumer is None or kind_of(item) != COMMAND:
        return
    command = command_of(item.consumer)
    reasons = tuple(command_reasons(command))
    facts = (f"it starts {excerpt(command) or 'nothing that is known'}", *reasons)
    severity = Severity.HIGH if reasons else Severity.MEDIUM
    yield Evidence((*facts, state_words(item.state)), query_command(item), severity)


INDICATOR = Indicator(
    id="wmi-command-consumer",
    title="a WMI subscription starts a command",
    family="wmi-consumer",
    techniques=("T1546.003", "T1059"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=WmiSubscription,
    check=check,
    benign_if="the command starts software that you installed, from where it was installed",
    doc=__doc__,
)
