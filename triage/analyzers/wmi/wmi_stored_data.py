"""A class or an instance in the WMI repository holds far more than such values do.

What it looks for
-----------------
Default values of classes from 512 characters or bytes on, values of instances from 1,024 on, and
shorter ones that are encoded, compressed or random; no payload was seen in them.

Why it matters
--------------
On clean systems the longest default value has 134 characters and the longest value of an
instance 251. What cannot be unwrapped may be encrypted, or one part of something.

What else looks like this
-------------------------
Management clients (SCCM) keep policies in instances: plain text there is medium.

How to check by hand
--------------------
``(Get-CimClass -Namespace NAMESPACE -ClassName CLASS).CimClassProperties``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.content.kinds import family
from triage.model import Confidence, Content, Evidence, Severity
from triage.model.windows import WmiObject
from triage.predicates.payloads import hidden
from triage.predicates.wmi_consumers import query_command, state_words
from triage.scene import Scene

_OPAQUE = frozenset({"encoded", "compressed", "encrypted", "archive"})
_LEAST, _LEAST_OPAQUE = 512, 200


def _opaque(content: Content | None) -> bool:
    return content is not None and (content.kind == "random" or family(content.kind) in _OPAQUE)


def check(item: WmiObject, scene: Scene) -> Iterator[Evidence]:
    least = _LEAST if item.part == "class" else 2 * _LEAST
    for value in item.values:
        if hidden(value.content) is not None:
            continue
        opaque = _opaque(value.content)
        if value.size < (_LEAST_OPAQUE if opaque else least):
            continue
        what = "data" if value.content is None else value.content.kind
        large = value.size >= least
        in_class = item.part == "class" and not value.name.startswith("qualifier ")
        high = large and (opaque or in_class)
        facts = (f"{value.name} ({value.type}) holds {value.size} characters or bytes: {what}",)
        severity = Severity.HIGH if high else Severity.MEDIUM
        yield Evidence((*facts, state_words(item.state)), query_command(item), severity)


INDICATOR = Indicator(
    id="wmi-stored-data",
    title="a value of the WMI repository is large or encoded",
    family="wmi-data",
    techniques=("T1027.011",),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=WmiObject,
    check=check,
    benign_if="a product that you run keeps its configuration or policies there",
    doc=__doc__,
)
