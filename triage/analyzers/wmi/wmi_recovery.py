"""The registry lists a MOF file in an odd place for WMI to compile again.

What it looks for
-----------------
Entries of ``Autorecover MOFs`` that lead outside of Windows and Program Files, to where any user
may write, to another machine, or to no MOF file by their name.

Why it matters
--------------
``mofcomp`` enters every file with ``#pragma autorecover`` there. When the repository is damaged
and made anew, WMI compiles the list as SYSTEM: what was deleted comes back.

What else looks like this
-------------------------
Products compile their MOF files from an unpacked installation folder: such an entry stays after
the folder is gone. What the file itself holds is judged on its own.

How to check by hand
--------------------
``reg query HKLM\\SOFTWARE\\Microsoft\\WBEM\\CIMOM /v "Autorecover MOFs"``

References
----------
* https://attack.mitre.org/techniques/T1546/003/
* https://learn.microsoft.com/windows/win32/wmisdk/pragma-autorecover
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiRecovery
from triage.predicates.wmi_providers import entry_reasons
from triage.scene import Scene


def check(item: WmiRecovery, scene: Scene) -> Iterator[Evidence]:
    found = list(entry_reasons(item.entry))
    if not found:
        return
    worst = max((severity for severity, _ in found), key=lambda severity: severity.points)
    facts = [text for _, text in found]
    if item.present is False:
        facts.append("the file is not on the image")
        worst = Severity.LOW if worst is Severity.MEDIUM else worst
    yield Evidence(tuple(facts), severity=worst)


INDICATOR = Indicator(
    id="wmi-recovery",
    title="a MOF file in an odd place is to be compiled again",
    family="wmi-recovery",
    techniques=("T1546.003",),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=WmiRecovery,
    check=check,
    benign_if="the file belongs to a product that was installed from there",
    doc=__doc__,
)
