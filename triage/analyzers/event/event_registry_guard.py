"""A guard was turned off in the Registry.

What it looks for
-----------------
A write or a deletion that turns off the log of scripts, the malware scan, the traces of .NET, the
event log or PowerShell's constrained language.

Why it matters
--------------
What is done before a payload is loaded, so that nothing tells of it.

What else looks like this
-------------------------
Administrators who tune logging; policies that are being rolled out.

How to check by hand
--------------------
the value as it is now, and the policy that should set it

References
----------
* https://attack.mitre.org/techniques/T1112/
* https://attack.mitre.org/techniques/T1562/001/
* https://attack.mitre.org/techniques/T1562/002/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.registry_places import Place, meets, place_of
from triage.events.words import told, verify, worst
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def _guards(place: Place) -> bool:
    return any(technique.startswith("T1562") for technique in place.techniques)


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "registry-set" or not {"place", "guard-removed"} & set(event.traits):
        return
    key, data = event.text("key") or "", event.text("data") or ""
    removed = "guard-removed" in event.traits
    image = event.text("image") or ""
    found = [p for p in place_of(key) if _guards(p) and (removed or meets(p, data, image))]
    if not found:
        return
    words = "; ".join(dict.fromkeys(place.what for place in found))
    facts = told(event, ("value", "key"), ("data", "data"), ("by", "image"), ("how", "operation"))
    yield Evidence((words, *facts), verify(event), worst(*(p.severity for p in found)))


INDICATOR = Indicator(
    id="event-registry-guard",
    title="a guard was turned off in the Registry",
    family="event-guard",
    techniques=("T1112", "T1562.001", "T1562.002"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=EventRecord,
    check=check,
    benign_if="your administration changed this setting on purpose",
    doc=__doc__,
)
