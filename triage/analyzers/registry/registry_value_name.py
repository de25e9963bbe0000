"""The name of a value hides from the tools.

What it looks for
-----------------
NUL, control characters, marks that turn the direction of text, characters without a width, blanks
alone, or a long run of encoded text in the name of a value.

Why it matters
--------------
The kernel counts the characters of a name, the Win32 functions stop at the first NUL: such a name
can be written and read by code that knows of it and by nothing else. Poweliks and Kovter hid
their entries so.

What else looks like this
-------------------------
None in 34 real hives with 517,886 values and 194,299 keys.

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``, and any registry viewer on
the hive that the report names

References
----------
* https://attack.mitre.org/techniques/T1112/
* https://attack.mitre.org/techniques/T1564/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryValue
from triage.registry.words import state_words
from triage.scene import Scene

_WORDS = {
    "null-in-name": "the name has a NUL: the Win32 functions cannot open it",
    "control-in-name": "the name has control characters",
    "bidi-in-name": "the name turns the direction of text around",
    "invisible-in-name": "the name has characters that nobody sees",
    "blank-name": "the name consists of blanks",
    "encoded-name": "the name is encoded data",
}
_STRONG = frozenset({"null-in-name", "bidi-in-name", "encoded-name", "blank-name"})


def check(item: RegistryValue, scene: Scene) -> Iterator[Evidence]:
    found = [trait for trait in item.traits if trait in _WORDS]
    if not found:
        return
    facts = tuple(_WORDS[trait] for trait in found)
    name = item.name
    severity = Severity.HIGH if _STRONG.intersection(found) else Severity.MEDIUM
    yield Evidence((*facts, f"written out: {ascii(name)[:120]}", *state_words(item)), "", severity)


INDICATOR = Indicator(
    id="registry-value-name",
    title="the name of a value hides from the tools",
    family="registry-name",
    techniques=("T1112", "T1564"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=RegistryValue,
    check=check,
    benign_if="a test program of yours made it",
    doc=__doc__,
)
