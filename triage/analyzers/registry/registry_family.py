"""A place that known malware uses.

What it looks for
-----------------
A key or value at the exact place that a family of malware is known to use. The place alone is a
lead; with content of the kind that the family keeps there it is a verdict, and a program,
shellcode or script there is critical.

Why it matters
--------------
Families keep their places for years. An encrypted configuration of some hundred bytes is found by
nothing else.

What else looks like this
-------------------------
Other software may use the same name. Generic places (a key of random letters, a well-known key)
count only with the content.

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``, and any registry viewer on
the hive that the report names

References
----------
* https://attack.mitre.org/techniques/T1112/
* https://github.com/eset/malware-ioc
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryValue
from triage.registry import families
from triage.registry.notation import below_hive
from triage.registry.words import reg_query, state_words
from triage.scene import Scene


def check(item: RegistryValue, scene: Scene) -> Iterator[Evidence]:
    found = families.rows_of_key(item.hive, below_hive(item.key))
    row = families.match(found, item.name)
    if row is None:
        return
    content = item.joined or item.content
    severity = families.verdict(row, content, item.size)
    fits = severity is not None
    facts = (
        f"{row.family} keeps {row.stores} here",
        "what lies here is of that kind" if fits else "what lies here is not of that kind",
        f"source: {row.source}",
    )
    sure = Confidence.MODERATE if fits else Confidence.WEAK
    yield Evidence((*facts, *state_words(item)), reg_query(item), severity or row.place, sure)


INDICATOR = Indicator(
    id="registry-family",
    title="the Registry has what known malware leaves",
    family="registry-family",
    techniques=("T1112", "T1027.011"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=RegistryValue,
    check=check,
    benign_if="software that you know uses the same place",
    doc=__doc__,
)
