"""A script host wrote binary data to the Registry.

What it looks for
-----------------
Sysmon's event 13 with ``Binary Data``, written by an interpreter, a script host or an Office
program.

Why it matters
--------------
Sysmon does not keep the bytes: the hive does. Interpreters have little reason to write any.

What else looks like this
-------------------------
Recently used files, window positions and other settings that libraries write in any process.

How to check by hand
--------------------
the value in the hive of the same image

References
----------
* https://attack.mitre.org/techniques/T1112/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene

#: Where Windows itself writes in the name of whatever process runs.
_ORDINARY = (
    "services\\bam", "currentversion\\explorer", "notifications\\data",
    "cryptography", "shell\\bags", "shell\\bagmru", "internet settings",
    "appcompatflags", "systemcertificates", "windows\\shell", "userassist", "office",
)  # fmt: skip


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "registry-set" or "binary-by-script" not in event.traits:
        return
    if any(part in (event.text("key") or "").lower() for part in _ORDINARY):
        return
    facts = told(event, ("value", "key"), ("by", "image"))
    yield Evidence(("Sysmon keeps no bytes: the hive has them", *facts), verify(event))


INDICATOR = Indicator(
    id="event-registry-binary",
    title="a script host wrote binary data to the Registry",
    family="event-registry",
    techniques=("T1112", "T1027.011"),
    severity=Severity.LOW,
    confidence=Confidence.WEAK,
    inspects=EventRecord,
    check=check,
    benign_if="the program keeps its own settings there",
    doc=__doc__,
)
