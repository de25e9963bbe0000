"""A key holds many binary values with made-up names.

What it looks for
-----------------
At least six values of 32 bytes or more whose names are hexadecimal numbers or random letters,
together over 2 KB, in a key whose own name says nothing.

Why it matters
--------------
QakBot and others keep each part of their configuration and each module under a name computed from
the machine.

What else looks like this
-------------------------
Outlook names values by property tags of eight hexadecimal digits; those profiles are left out.

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``, and any registry viewer on
the hive that the report names

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/software/S0650/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryKey
from triage.registry.words import reg_query, state_words
from triage.scene import Scene


def check(item: RegistryKey, scene: Scene) -> Iterator[Evidence]:
    if "random-names" not in item.traits:
        return
    words = tuple(text for text in item.details if "made-up names" in text)
    yield Evidence((*words, *state_words(item)), reg_query(item))


INDICATOR = Indicator(
    id="registry-random-names",
    title="a key holds many binary values with made-up names",
    family="registry-form",
    techniques=("T1027.011", "T1112"),
    severity=Severity.MEDIUM,
    confidence=Confidence.WEAK,
    inspects=RegistryKey,
    check=check,
    benign_if="software that you know keeps its data under computed names",
    doc=__doc__,
)
