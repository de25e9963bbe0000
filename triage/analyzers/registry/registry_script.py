"""A value of the Registry holds a script.

What it looks for
-----------------
The text of a script in a value that is no command of an autostart: PowerShell, JScript, VBScript,
batch, Python and others, told by their grammar. Critical when it was encoded or compressed and
does something harmful, high when it was encoded or does something harmful (loads code
reflectively, runs what it reads, carries a program), medium otherwise.

Why it matters
--------------
A loader of one line can fetch any amount of script from a value and run it, and no file is left
to scan.

What else looks like this
-------------------------
Management agents and Office keep small scripts; help texts quote commands. Those are not encoded
and load nothing.

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``, and any registry viewer on
the hive that the report names

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1059/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.content.kinds import family
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryValue
from triage.registry.words import chain_of, excerpt, in_words, is_wrapped, reg_query, state_words
from triage.scene import Scene
from triage.windows.traits import HARMFUL

_HARMFUL = frozenset(trait.value for trait in HARMFUL)


def check(item: RegistryValue, scene: Scene) -> Iterator[Evidence]:
    if item.joined is not None:
        return
    chain = () if item.content is None else chain_of(item.content)
    script = bool(chain) and family(chain[-1].kind) == "script"
    if not script and not item.script:
        return
    wrapped = script and is_wrapped(chain)
    harmful = sorted(_HARMFUL.intersection(item.script))
    what = f"the value holds {in_words(chain)}" if script else "the value holds lines of a script"
    does = (f"what it does: {', '.join(harmful)}",) if harmful else ()
    shown = item.scripts[-1] if item.scripts else item.text
    text = (f"it begins: {excerpt(shown)}",) if shown else ()
    severity = (Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)[wrapped + bool(harmful)]
    yield Evidence((what, *does, *text, *state_words(item)), reg_query(item), severity)


INDICATOR = Indicator(
    id="registry-script",
    title="a value of the Registry holds a script",
    family="registry-payload",
    techniques=("T1027.011", "T1059"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=RegistryValue,
    check=check,
    benign_if="the software that owns the key keeps its scripts there, and this is one of them",
    doc=__doc__,
)
