"""A class of nobody's schema holds data of its own in the WMI repository.

What it looks for
-----------------
A class without superclass and without provider, not made to be inherited from, with default
values. Medium when it is called like one of Windows (``Win32_``, ``CIM_``, ``MSFT_``), low
otherwise.

Why it matters
--------------
Classes describe data that providers or instances supply. On clean systems no class that stands
alone has a default value; storage in class properties needs one, and a name like Windows' own to
be overlooked.

What else looks like this
-------------------------
Classes that an administrator or an inventory product made by script.

How to check by hand
--------------------
``Get-CimClass -Namespace NAMESPACE -ClassName CLASS | Select -Expand CimClassProperties``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1036/005/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiObject
from triage.predicates.wmi_consumers import query_command, state_words
from triage.scene import Scene

_SCHEMAS = ("win32_", "cim_", "msft_", "msi_", "ms_")


def check(item: WmiObject, scene: Scene) -> Iterator[Evidence]:
    held = [value for value in item.values if not value.name.startswith("qualifier ")]
    if item.part != "class" or "standalone" not in item.traits or not held:
        return
    imitates = item.class_name.lower().startswith(_SCHEMAS)
    facts = [f"{value.name} ({value.type}) has a default of {value.size}" for value in held[:4]]
    if imitates:
        facts.append("called like a class of Windows, but without superclass and provider")
    severity = Severity.MEDIUM if imitates else Severity.LOW
    yield Evidence((*facts, state_words(item.state)), query_command(item), severity)


INDICATOR = Indicator(
    id="wmi-standalone-class",
    title="a WMI class of no schema holds data",
    family="wmi-class",
    techniques=("T1027.011", "T1036.005"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=WmiObject,
    check=check,
    benign_if="an administrator or an inventory product made the class",
    doc=__doc__,
)
