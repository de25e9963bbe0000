"""A value is far larger than is usual, in a place that is not known for it.

What it looks for
-----------------
A text of 4 KB, binary data of 16 KB, or data 16 times as large as any other value of its key,
outside the places that are known for it by path and shape.

Why it matters
--------------
A hint only: room for a payload. Microsoft advises to keep values below 2 KB and put what is
larger into files.

What else looks like this
-------------------------
Templates, layouts and caches of programs that nobody has measured.

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``, and any registry viewer on
the hive that the report names

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://learn.microsoft.com/windows/win32/sysinfo/registry-element-size-limits
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryValue
from triage.registry.words import reg_query, state_words
from triage.scene import Scene


def check(item: RegistryValue, scene: Scene) -> Iterator[Evidence]:
    if "large" not in item.traits or item.benign is not None:
        return
    beside = "" if item.next_size is None else f"; the next of its key has {item.next_size}"
    facts = (f"{item.size} bytes{beside}", *state_words(item))
    yield Evidence(facts, reg_query(item))


INDICATOR = Indicator(
    id="registry-large",
    title="a value is far larger than is usual",
    family="registry-form",
    techniques=("T1027.011",),
    severity=Severity.LOW,
    confidence=Confidence.WEAK,
    inspects=RegistryValue,
    check=check,
    benign_if="the program that owns the key keeps long settings there",
    doc=__doc__,
)
