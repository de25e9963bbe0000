"""A place that runs code was written in the Registry.

What it looks for
-----------------
A write to a key or value that decides what runs: Run keys, services, debuggers of programs, COM
classes and file types of a user, libraries that Windows loads, variables that lead programs
astray.

Why it matters
--------------
T1112 and the persistence that starts a payload which lies in no file.

What else looks like this
-------------------------
Installers write such places for programs in their own folders: those are not told.

How to check by hand
--------------------
the value as it is now: the hive of the same image

References
----------
* https://attack.mitre.org/techniques/T1112/
* https://attack.mitre.org/techniques/T1547/001/
* https://attack.mitre.org/techniques/T1546/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.processes import written_places
from triage.events.registry_places import AUTOSTART, meets, of_one_user, place_of
from triage.events.words import told, verify, worst
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def _commands(event: EventRecord) -> Iterator[Evidence]:
    """A command line that writes there, where the write itself is not logged."""
    found = [place for text in event.texts("command") for place in written_places(text)]
    if found:
        words = "; ".join(dict.fromkeys(place.what for place in found))
        facts = told(event, ("command", "command"), ("by", "parent_command"))
        yield Evidence((f"a command writes {words}", *facts), verify(event), Severity.MEDIUM)


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "process-start" and "registry-command" in event.traits:
        yield from _commands(event)
    if event.act != "registry-set" or "place" not in event.traits:
        return
    key, data = event.text("key") or "", event.text("data") or ""
    image = event.text("image") or ""
    found = [place for place in place_of(key) if meets(place, data, image)]
    found = [p for p in found if not any(t.startswith("T1562") for t in p.techniques)]
    if not found:
        return
    words = "; ".join(dict.fromkeys(place.what for place in found))
    severity = worst(*(place.severity for place in found))
    if all(place.when in ("command", AUTOSTART) for place in found) and of_one_user(data, image):
        severity = Severity.LOW
    techniques = ", ".join(dict.fromkeys(t for place in found for t in place.techniques))
    facts = told(event, ("value", "key"), ("data", "data"), ("by", "image"))
    yield Evidence((f"{words} ({techniques})", *facts), verify(event), severity)


INDICATOR = Indicator(
    id="event-registry-place",
    title="a place that runs code was written in the Registry",
    family="event-registry",
    techniques=("T1112", "T1547.001", "T1546"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a product that you installed or your administration wrote it",
    doc=__doc__,
)
