"""A value of the Registry holds a program.

What it looks for
-----------------
A value of any type whose bytes are a PE, ELF or other program, or code in the form that a runtime
loads; as it is, or after unwrapping base64, hexadecimal, numbers, XOR, RC4, compression and their
combinations. Certain by structure: headers and what they describe, not two letters.

Why it matters
--------------
Programs belong into files. One in the Registry is there so that no file has to exist: a loader
maps it into memory (T1620). Turla, Pillowmint, QakBot, Kovter and many others keep theirs so.

What else looks like this
-------------------------
None was seen in 34 real hives with 517,886 values. Test programs and installers that keep a
helper in a value would look the same.

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``, and any registry viewer on
the hive that the report names

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1620/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryValue
from triage.registry.words import chain_of, in_words, is_program, is_wrapped, reg_query, state_words
from triage.scene import Scene


def check(item: RegistryValue, scene: Scene) -> Iterator[Evidence]:
    if item.content is None or item.joined is not None:
        return
    chain = chain_of(item.content)
    if not chain or not is_program(chain[-1]) or chain[-1].confidence is Confidence.WEAK:
        return
    wrapped = ("it was encoded or compressed so that it is not seen",) if is_wrapped(chain) else ()
    facts = (f"the value holds {in_words(chain)}", *wrapped, *state_words(item))
    yield Evidence(facts, reg_query(item))


INDICATOR = Indicator(
    id="registry-program",
    title="a value of the Registry holds a program",
    family="registry-payload",
    techniques=("T1027.011", "T1112", "T1620"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=RegistryValue,
    check=check,
    benign_if="the software that owns the key stores a helper program there, and says so",
    doc=__doc__,
)
