"""A program of Windows runs without what it always gets.

What it looks for
-----------------
``svchost``, ``dllhost``, ``wermgr``, ``rundll32`` and the like, started without any argument and
not by Windows.

Why it matters
--------------
Injection needs a body: tools start a harmless program, empty it or write into it, and give it no
work.

What else looks like this
-------------------------
Somebody who types the name into a shell, security products that test themselves (medium).

How to check by hand
--------------------
look for threads started in it and for access to it in the same log

References
----------
* https://attack.mitre.org/techniques/T1055/012/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.images import has_role, name, user_place
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "process-start" or "bare" not in event.traits:
        return
    parent = event.text("parent") or ""
    odd = user_place(parent) or has_role(parent, "script-host", "office", "server", "wmi")
    facts = told(event, ("command", "command"), ("started by", "parent_command"))
    severity = None if odd else Severity.MEDIUM
    yield Evidence(
        (f"{name(event.text('image') or '')} without arguments", *facts), verify(event), severity
    )


INDICATOR = Indicator(
    id="event-bare-process",
    title="a program of Windows runs without what it always gets",
    family="event-hollow",
    techniques=("T1055.012", "T1055"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="somebody started it by hand to see what it does",
    doc=__doc__,
)
