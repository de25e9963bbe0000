"""The declared type of a value does not fit its bytes.

What it looks for
-----------------
A REG_DWORD or REG_QWORD of more than 8 bytes, binary data in a text, a type that Windows does not
know outside the places that have their own, or bytes behind the end of a text.

Why it matters
--------------
Tools show what the type promises: the first four bytes of a REG_DWORD, a text up to its first
NUL. What lies behind is not seen.

What else looks like this
-------------------------
Drivers and device properties use types of their own, accounts use the type for a number, and some
software leaves rubbish behind texts: those places and small remains are left out.

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
from triage.registry.words import reg_query, state_words
from triage.scene import Scene
from triage.subjects.registry import type_name

_WORDS = {
    "oversized-number": ("a number has {size} bytes", Severity.MEDIUM),
    "binary-in-text": ("a text type holds binary data of {size} bytes", Severity.MEDIUM),
    "data-behind-text": ("data follows the end of the text", Severity.MEDIUM),
    "undeclared-type": ("Windows knows no such type", Severity.LOW),
}


def check(item: RegistryValue, scene: Scene) -> Iterator[Evidence]:
    found = [(_WORDS[trait], trait) for trait in item.traits if trait in _WORDS]
    if not found:
        return
    facts = [words.format(size=item.size) for (words, _), _ in found]
    severity = max((severity for (_, severity), _ in found), key=lambda s: s.points)
    if item.benign is not None:
        severity = Severity.LOW
    yield Evidence(
        (f"declared as {type_name(item.type)}", *facts, *state_words(item)),
        reg_query(item),
        severity,
    )


INDICATOR = Indicator(
    id="registry-type",
    title="a value is stored under a type that does not fit it",
    family="registry-form",
    techniques=("T1112", "T1564"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=RegistryValue,
    check=check,
    benign_if="a known program writes its settings with this type",
    doc=__doc__,
)
