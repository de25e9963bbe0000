"""Data written to the Registry is a payload.

What it looks for
-----------------
The data of a value, as Sysmon's event 13 or the security log's 4657 tell it, that is a script, a
program or something encoded.

Why it matters
--------------
The moment at which a payload is stored: who wrote it, when, and where.

What else looks like this
-------------------------
Products that keep settings encoded (medium, and only when nothing comes out).

How to check by hand
--------------------
the value in the hive of the same image: ``triage image ROOT`` links both

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1112/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import chain, contents, told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "registry-set" or not {"payload", "encoded"} & set(event.traits):
        return
    severity = None if "payload" in event.traits else Severity.MEDIUM
    for field, content in contents(event):
        facts = told(event, ("value", "key"), ("by", "image"), ("data", "data"))
        yield Evidence(
            (f"{field.size} characters: {chain(content)}", *facts), verify(event), severity
        )


INDICATOR = Indicator(
    id="event-registry-payload",
    title="data written to the Registry is a payload",
    family="event-payload",
    techniques=("T1027.011", "T1112"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="a product of yours keeps a script or encoded settings in this value",
    doc=__doc__,
)
