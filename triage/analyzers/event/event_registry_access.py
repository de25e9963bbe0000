"""A key of the Registry was opened to be changed, by what does not belong there.

What it looks for
-----------------
Object access (Security 4656, 4663) to keys: rights to change a key that runs code or guards the
system; any right to read or change values, asked by an interpreter or by a program from where
users write. The event tells the key and the rights, not the value.

Why it matters
--------------
Where keys are audited, this is told even when Sysmon is not there: who wrote an autostart, and who
read what was stored in a key.

What else looks like this
-------------------------
Installers, administration and inventory scripts, policies: keys are audited because many write
them.

How to check by hand
--------------------
look at the key in the hive of the same image; follow the process id to its start (4688)

References
----------
* https://learn.microsoft.com/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-4663
* https://attack.mitre.org/techniques/T1112/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.registry_places import places_in
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "registry-access":
        return
    traits = set(event.traits)
    odd = bool(traits & {"by-script", "outside"})
    facts = told(event, ("key", "key"), ("by", "image"), ("rights", "access"))
    if "place" in traits:
        places = places_in(event.text("key") or "")
        words = "; ".join(dict.fromkeys(place.what for place in places))
        severity = Severity.MEDIUM if odd else Severity.LOW
        yield Evidence((f"opened to be changed: {words}", *facts), verify(event), severity)
        return
    words = "values could be changed" if "writes" in traits else "values could be read"
    severity = Severity.LOW if "outside" in traits else Severity.INFO
    yield Evidence((words, *facts), verify(event), severity)


INDICATOR = Indicator(
    id="event-registry-access",
    title="a key was opened by what does not belong there",
    family="event-registry",
    techniques=("T1112", "T1012"),
    severity=Severity.LOW,
    confidence=Confidence.WEAK,
    inspects=EventRecord,
    check=check,
    benign_if="an installer, a policy or your administration opened it",
    doc=__doc__,
)
