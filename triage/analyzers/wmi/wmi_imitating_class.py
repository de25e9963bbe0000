"""A WMI class is called like one of Windows and is none.

What it looks for
-----------------
A class that stands alone (no superclass, no provider, not made to be inherited from) whose name is
one letter away from that of a class of Windows in the same repository, looks like it in letters
of another alphabet, is that name in another namespace, or has only the prefix (``Win32_``,
``CIM_``, ``MSFT_``) with one to three properties, in a namespace that everybody uses.

Why it matters
--------------
Storage for a payload is a class of the attacker's own. ``Win32_Services`` in ``root\\default``
is overlooked beside thousands of others; WannaMine called one of its classes so.

What else looks like this
-------------------------
Inventory scripts make classes with the prefix (low); translations in namespaces like ``ms_409``
and newer versions of a class (``MSFT_TaskSettings2``) are left alone.

How to check by hand
--------------------
``Get-CimClass -Namespace NAMESPACE -ClassName CLASS | Select -Expand CimClassQualifiers``

References
----------
* https://attack.mitre.org/techniques/T1036/005/
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiObject
from triage.predicates.wmi_consumers import query_command, state_words
from triage.scene import Scene

_WORDS = {
    "spelling": "it is one letter away from {}, which Windows has",
    "letters": "it looks like {}, with letters of another alphabet",
    "place": "{} is a class of Windows, but in another namespace",
    "prefix": "it has the prefix {} and nothing else of a class of Windows",
}


def check(item: WmiObject, scene: Scene) -> Iterator[Evidence]:
    words = _WORDS.get(item.resembles_by)
    if words is None:
        return
    facts = (words.format(item.resembles), "no superclass and no provider")
    severity = Severity.LOW if item.resembles_by == "prefix" else None
    yield Evidence((*facts, state_words(item.state)), query_command(item), severity)


INDICATOR = Indicator(
    id="wmi-imitating-class",
    title="a WMI class imitates one of Windows",
    family="wmi-class-name",
    techniques=("T1036.005", "T1027.011"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=WmiObject,
    check=check,
    benign_if="an administrator or an inventory product made the class",
    doc=__doc__,
)
