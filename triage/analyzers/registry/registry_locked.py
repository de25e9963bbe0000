"""The security descriptor of a key shuts out who should read it.

What it looks for
-----------------
An entry that denies reading to everyone, administrators, authenticated users or SYSTEM, or a list
that grants nobody anything.

Why it matters
--------------
Malware takes the right to read from its keys so that tools run by an administrator cannot see or
remove them.

What else looks like this
-------------------------
Three keys of Windows deny reading (performance counters and their kin); they are left out.
Missing entries for administrators are usual and do not count.

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``, and any registry viewer on
the hive that the report names

References
----------
* https://attack.mitre.org/techniques/T1222/001/
* https://attack.mitre.org/techniques/T1564/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryKey
from triage.registry.words import reg_query, state_words
from triage.scene import Scene


def check(item: RegistryKey, scene: Scene) -> Iterator[Evidence]:
    if "denies-reading" not in item.traits:
        return
    words = tuple(t for t in item.details if t.startswith(("reading is denied", "nobody may")))
    yield Evidence((*words, *state_words(item)), reg_query(item))


INDICATOR = Indicator(
    id="registry-locked",
    title="a key shuts out administrators or everyone",
    family="registry-access",
    techniques=("T1222.001", "T1564"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=RegistryKey,
    check=check,
    benign_if="security software protects its own key in this way",
    doc=__doc__,
)
