"""A class or an instance in the WMI repository holds a payload.

What it looks for
-----------------
A default value, a qualifier or a value of an instance that is, or unwraps to, a program,
shellcode or a script; live or deleted, in any namespace.

Why it matters
--------------
The third store that T1027.011 names: the payload lies in a property of a made-up class, and a
short command reads it and runs it.

What else looks like this
-------------------------
Products that keep scripts as data (configuration management) hold them as plain text: high, not
critical.

How to check by hand
--------------------
``(Get-CimClass -Namespace NAMESPACE -ClassName CLASS).CimClassProperties``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://github.com/mattifestation/WMI_Backdoor
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.content.kinds import family
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiObject
from triage.predicates.payloads import hidden, in_words
from triage.predicates.wmi_consumers import contents, query_command, state_words
from triage.scene import Scene


def check(item: WmiObject, scene: Scene) -> Iterator[Evidence]:
    for value, content in contents(item):
        found = hidden(content)
        if found is not None:
            layer, chain = found
            facts = (f"{value.name} ({value.size}): {in_words(chain)}", layer.detail)
            severity = None
        elif family(content.kind) == "script" and content.confidence is not Confidence.WEAK:
            facts = (f"{value.name} ({value.size}) is a script: {content.kind}", content.detail)
            severity = Severity.HIGH
        else:
            continue
        shown = (*filter(None, facts), state_words(item.state))
        yield Evidence(shown, query_command(item), severity)


INDICATOR = Indicator(
    id="wmi-stored-payload",
    title="a payload is stored in the WMI repository",
    family="wmi-payload",
    techniques=("T1027.011", "T1140"),
    severity=Severity.CRITICAL,
    confidence=Confidence.MODERATE,
    inspects=WmiObject,
    check=check,
    benign_if="a management product that you run keeps its scripts there",
    doc=__doc__,
)
