"""A MOF file brings a WMI subscription that runs code.

What it looks for
-----------------
A file below ``System32\\wbem`` (or one that the registry lists for recovery) that declares a
consumer which runs a script or a command. High when WMI compiles the file without being asked:
``#pragma autorecover``, the registry's list, or the folder ``wbem\\MOF`` of Windows XP.

Why it matters
--------------
Whoever deletes the subscription from the repository has not deleted its source. With the pragma
it comes back whenever the repository is rebuilt, and a file in ``wbem\\MOF`` of Windows XP is
compiled as soon as it is there: that is how Stuxnet started its first program on other machines.

What else looks like this
-------------------------
The MOF files of Windows declare the consumers' classes and instances of none that runs anything.
A management product may bring a file with a subscription of its own.

How to check by hand
--------------------
``findstr /s /i /m EventConsumer %windir%\\System32\\wbem\\*.mof`` and the registry value
``HKLM\\SOFTWARE\\Microsoft\\WBEM\\CIMOM``, ``Autorecover MOFs``

References
----------
* https://attack.mitre.org/techniques/T1546/003/
* https://learn.microsoft.com/windows/win32/wmisdk/pragma-autorecover
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiSubscription
from triage.predicates.wmi_consumers import runs_code
from triage.scene import Scene

_AGAIN = {
    "autorecover": "the file asks to be compiled again when the repository is rebuilt",
    "listed for recovery": "the registry lists the file to be compiled again",
    "compiled on arrival": "it lies where older Windows compiles whatever arrives",
}


def check(item: WmiSubscription, scene: Scene) -> Iterator[Evidence]:
    if item.state != "mof" or item.consumer is None or not runs_code(item):
        return
    again = tuple(words for trait, words in _AGAIN.items() if trait in item.consumer.traits)
    place = item.location
    facts = (f"declared in {place.path}, {place.inside}", *again)
    yield Evidence(facts, severity=Severity.HIGH if again else None)


INDICATOR = Indicator(
    id="wmi-mof-subscription",
    title="a MOF file brings a subscription that runs code",
    family="wmi-mof",
    techniques=("T1546.003",),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=WmiSubscription,
    check=check,
    benign_if="the file belongs to a management product that is installed and documents it",
    doc=__doc__,
)
