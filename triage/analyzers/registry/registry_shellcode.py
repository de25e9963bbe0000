"""A value of the Registry holds shellcode.

What it looks for
-----------------
Machine code that finds its own address, walks the loader's lists, hashes names of functions or
decodes itself, as the whole of a value or after unwrapping.

Why it matters
--------------
Such code runs wherever it lies: a loader only has to copy it and jump. It needs no file, no
import and no header.

What else looks like this
-------------------------
None in 34 real hives. Random-looking data is not enough: what decides is the code's structure.

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``, and any registry viewer on
the hive that the report names

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1055/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryValue
from triage.registry.words import chain_of, in_words, is_wrapped, reg_query, state_words
from triage.scene import Scene


def check(item: RegistryValue, scene: Scene) -> Iterator[Evidence]:
    if item.content is None or item.joined is not None:
        return
    chain = chain_of(item.content)
    if not chain or chain[-1].kind != "shellcode" or chain[-1].confidence is Confidence.WEAK:
        return
    facts = (f"the value holds {in_words(chain)}", *chain[-1].traits[:6], *state_words(item))
    severity = Severity.CRITICAL if is_wrapped(chain) else Severity.HIGH
    yield Evidence(facts, reg_query(item), severity)


INDICATOR = Indicator(
    id="registry-shellcode",
    title="a value of the Registry holds shellcode",
    family="registry-payload",
    techniques=("T1027.011", "T1112", "T1620"),
    severity=Severity.CRITICAL,
    confidence=Confidence.MODERATE,
    inspects=RegistryValue,
    check=check,
    benign_if="the code belongs to a device or program whose vendor stores it there",
    doc=__doc__,
)
