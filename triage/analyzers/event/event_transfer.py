"""BITS or the installer fetched something that is no update.

What it looks for
-----------------
A transfer from a bare address, of a script, or made by an interpreter; programs from other hosts
are low. A package that the installer takes from an address on the network.

Why it matters
--------------
BITS downloads survive restarts and come from a service of Windows.

What else looks like this
-------------------------
Updaters of products that use BITS: known vendors' hosts are not told.

How to check by hand
--------------------
``Get-BitsTransfer -AllUsers`` on the machine; the file it was written to

References
----------
* https://attack.mitre.org/techniques/T1197/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "transfer":
        return
    strong = {"by-address", "code", "by-shell", "local-source", "package"} & set(event.traits)
    pairs = (("from", "url"), ("to", "path"), ("job", "job"), ("by", "image"))
    yield Evidence(told(event, *pairs), verify(event), None if strong else Severity.LOW)


INDICATOR = Indicator(
    id="event-transfer",
    title="BITS or the installer fetched something that is no update",
    family="event-transfer",
    techniques=("T1197",),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="the host belongs to a product that you run",
    doc=__doc__,
)
