"""A WMI provider is registered in an odd way, or is an odd file.

What it looks for
-----------------
Providers (``__Win32Provider`` and classes made from it: decoupled ones, .NET) with another COM
class than the system's provider of that name; whose file, by the registry of the same image, lies
where any user may write, on another machine, or is a script; .NET assemblies loaded from such a
place or without a strong name; providers of event consumers that are not the system's; hosting
models and machines that do not occur.

Why it matters
--------------
WMI loads a provider into a process of SYSTEM whenever somebody asks for its classes, runs their
methods or, for event consumers, when the event occurs. No program is started for it, and no
autostart list has it.

What else looks like this
-------------------------
Products bring providers of their own: from Program Files they are silent. A provider whose file
is gone is left over from software that was removed: low.

How to check by hand
--------------------
``Get-CimInstance -Namespace NAMESPACE -ClassName __Win32Provider``, then
``HKLM\\SOFTWARE\\Classes\\CLSID\\{CLSID}\\InprocServer32``

References
----------
* https://attack.mitre.org/techniques/T1546/003/
* https://attack.mitre.org/techniques/T1546/015/
* https://learn.microsoft.com/windows/win32/wmisdk/provider-hosting-and-security
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiProvider
from triage.predicates.wmi_consumers import state_words
from triage.predicates.wmi_providers import provider_reasons
from triage.scene import Scene


def check(item: WmiProvider, scene: Scene) -> Iterator[Evidence]:
    reasons = sorted(provider_reasons(item), key=lambda reason: -reason[0].points)
    if not reasons:
        return
    facts = tuple(dict.fromkeys(text for _, text in reasons))[:8]
    serves = (f"it serves {', '.join(item.registered)}",) if item.registered else ()
    yield Evidence((*facts, *serves, state_words(item.state)), severity=reasons[0][0])


INDICATOR = Indicator(
    id="wmi-provider",
    title="a WMI provider is odd",
    family="wmi-provider",
    techniques=("T1546.003", "T1546.015"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=WmiProvider,
    check=check,
    benign_if="the provider belongs to software that is installed there",
    doc=__doc__,
)
