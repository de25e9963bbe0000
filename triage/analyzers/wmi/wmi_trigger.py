"""A WMI subscription that runs code waits for what malware waits for.

What it looks for
-----------------
The filter's query: time since boot, the clock, a timer, a logon, the start of a process, the
insertion of a drive, bound to a consumer that runs code.

Why it matters
--------------
These are the triggers that persistence kits use: shortly after boot, at a time of day, when a
user logs on or starts a given program.

What else looks like this
-------------------------
Monitoring agents use the same events, but report them instead of running a command.

How to check by hand
--------------------
``Get-CimInstance -Namespace root/subscription -ClassName __FilterToConsumerBinding``, and the
same in every other namespace; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1546/003/
* https://www.blackhat.com/docs/us-15/materials/us-15-Graeber-Abusing-Windows-Management-Instrumentation-WMI-To-Build-A-Persistent%20Asynchronous-And-Fileless-Backdoor-wp.pdf
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiSubscription
from triage.predicates.wmi_consumers import excerpt, query_command, runs_code
from triage.scene import Scene

_TRIGGERS = (
    ("time since boot", r"Win32_Perf(?:Formatted|Raw)Data_PerfOS_System|SystemUpTime"),
    ("the clock", r"Win32_LocalTime|Win32_UTCTime|Win32_CurrentTime"),
    ("a timer", r"__TimerEvent|__IntervalTimerInstruction|__AbsoluteTimerInstruction"),
    ("a logon", r"Win32_LogonSession|Win32_LoggedOnUser|Win32_NetworkLoginProfile"),
    ("the start of a process", r"Win32_Process(?:Start)?Trace|\bWin32_Process\b"),
    ("a drive or device", r"Win32_VolumeChangeEvent|Win32_LogicalDisk|Win32_USB|Win32_PnPEntity"),
    ("shutdown", r"Win32_ComputerShutdownEvent|Win32_ComputerSystemEvent"),
    ("a change of the registry", r"Registry(?:Key|Tree|Value)ChangeEvent"),
)
_EXPRESSIONS = tuple((what, re.compile(text, re.IGNORECASE)) for what, text in _TRIGGERS)


def check(item: WmiSubscription, scene: Scene) -> Iterator[Evidence]:
    query = None if item.filter is None else item.filter.text("Query")
    if not query or item.binding is None or not runs_code(item):
        return
    found = [what for what, expression in _EXPRESSIONS if expression.search(query)]
    if found:
        facts = (f"it waits for {', '.join(found)}", excerpt(query, 240))
        yield Evidence(facts, query_command(item))


INDICATOR = Indicator(
    id="wmi-trigger",
    title="a WMI subscription waits for boot, time, logon or a process",
    family="wmi-trigger",
    techniques=("T1546.003",),
    severity=Severity.MEDIUM,
    confidence=Confidence.WEAK,
    inspects=WmiSubscription,
    check=check,
    benign_if="the consumer is one that you know",
    doc=__doc__,
)
