"""A key holds one thing in many numbered parts.

What it looks for
-----------------
At least five values that are named by numbers alone, nearly all of one size, without a blank,
in a place that is not known for it. What they make together cannot be read.

Why it matters
--------------
A payload in a cipher of its own is cut into pieces that stay below any size that is looked at.
Gootloader keeps hundreds of pieces of hexadecimal with other letters in place of digits.

What else looks like this
-------------------------
Office keeps tables in parts of 7,168 bytes; lists of recently used items differ in size.

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``, and any registry viewer on
the hive that the report names

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/software/S1138/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryKey
from triage.registry.words import reg_query, state_words
from triage.scene import Scene


def check(item: RegistryKey, scene: Scene) -> Iterator[Evidence]:
    if "numbered-parts" not in item.traits:
        return
    words = tuple(text for text in item.details if "numbered values" in text)
    yield Evidence((*words, *state_words(item)), reg_query(item))


INDICATOR = Indicator(
    id="registry-numbered-parts",
    title="a key holds one thing in many numbered parts",
    family="registry-form",
    techniques=("T1027.011", "T1112"),
    severity=Severity.MEDIUM,
    confidence=Confidence.WEAK,
    inspects=RegistryKey,
    check=check,
    benign_if="software that you know keeps one long setting in parts",
    doc=__doc__,
)
