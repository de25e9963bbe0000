"""Parts in the Registry make a program, shellcode or a script together.

What it looks for
-----------------
Values of one key, or keys of one parent, that reveal a program, shellcode or a script when they
are joined in one of the plausible orders (numbers, letters, order of storage) and unwrapped,
while no part shows it.

Why it matters
--------------
Splitting keeps each value below any size that is looked at. Gootloader spreads a payload over
hundreds of numbered values, APT32 over values named by number and size.

What else looks like this
-------------------------
Office keeps tables in parts of 7,168 bytes, lists of recently used items are numbered: joined,
they are still no program.

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``, and any registry viewer on
the hive that the report names

References
----------
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryValue
from triage.registry.words import chain_of, in_words, reg_query, state_words
from triage.scene import Scene


def check(item: RegistryValue, scene: Scene) -> Iterator[Evidence]:
    if item.joined is None:
        return
    chain = chain_of(item.joined)
    if not chain:
        return
    some = ", ".join(name or "(default)" for name in item.parts[:6])
    more = f" and {len(item.parts) - 6} more" if len(item.parts) > 6 else ""
    facts = (
        f"{len(item.parts)} parts make {in_words(chain)}",
        f"the parts: {some}{more}",
        *state_words(item),
    )
    yield Evidence(facts, reg_query(item))


INDICATOR = Indicator(
    id="registry-split",
    title="values of the Registry make a payload together",
    family="registry-payload",
    techniques=("T1027.011", "T1112"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=RegistryValue,
    check=check,
    benign_if="the software that owns the key splits its own program or script over values",
    doc=__doc__,
)
