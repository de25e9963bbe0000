"""A payload is spread over properties, instances or classes of the WMI repository.

What it looks for
-----------------
Values that are nothing by themselves and, joined in the order of their names, make a program,
shellcode or a script, encoded or not.

Why it matters
--------------
Splitting keeps each part below the size that anybody looks at.

What else looks like this
-------------------------
Nothing is known. Parts of a list of names do not make a program.

How to check by hand
--------------------
``Get-CimInstance -Namespace NAMESPACE -ClassName CLASS``, values joined by hand

References
----------
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiObject
from triage.predicates.payloads import hidden, in_words
from triage.predicates.wmi_consumers import excerpt, query_command, state_words
from triage.scene import Scene


def check(item: WmiObject, scene: Scene) -> Iterator[Evidence]:
    if item.joined is None:
        return
    found = hidden(item.joined)
    what = item.joined.kind if found is None else in_words(found[1])
    facts = (
        f"joined, {item.joined.size} bytes are {what}",
        f"parts: {excerpt(', '.join(item.parts), 240)}",
        state_words(item.state),
    )
    yield Evidence(facts, query_command(item))


INDICATOR = Indicator(
    id="wmi-split-payload",
    title="a payload is split over values of the WMI repository",
    family="wmi-payload",
    techniques=("T1027.011", "T1027", "T1140"),
    severity=Severity.CRITICAL,
    confidence=Confidence.MODERATE,
    inspects=WmiObject,
    check=check,
    benign_if="a product that you run stores a program of its own in parts",
    doc=__doc__,
)
