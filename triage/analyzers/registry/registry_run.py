"""A command runs what this value holds.

What it looks for
-----------------
A value that an autostart, a stored script or a WMI subscription reads and runs: as script text, as
an encoded command or as a program. The value may be too short or too plain to tell by itself.

Why it matters
--------------
It is the other half of a loader. Whatever it holds, it is code.

What else looks like this
-------------------------
None is known: management scripts read settings, they do not run them.

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1059/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryValue
from triage.registry.words import excerpt, reg_query, state_words
from triage.scene import Scene


def check(item: RegistryValue, scene: Scene) -> Iterator[Evidence]:
    if "run-by-a-loader" in item.traits:
        text = (f"it begins: {excerpt(item.text)}",) if item.text else ()
        facts = ("a command on this image runs what it reads here", *text, *state_words(item))
        yield Evidence(facts, reg_query(item))


INDICATOR = Indicator(
    id="registry-run",
    title="a command runs what a value of the Registry holds",
    family="registry-run",
    techniques=("T1027.011", "T1059"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=RegistryValue,
    check=check,
    benign_if="a script of yours keeps its own code there",
    doc=__doc__,
)
