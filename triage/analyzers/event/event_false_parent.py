"""A core process of Windows has a false parent.

What it looks for
-----------------
``svchost``, ``lsass``, ``services`` and their kin, started by something else than the one process
that always starts them.

Why it matters
--------------
A body for injected code that looks like Windows, or a service that was made to run a command.

What else looks like this
-------------------------
Security products that start a ``svchost`` of their own.

How to check by hand
--------------------
the parent's own start, and who opened or entered the process

References
----------
* https://attack.mitre.org/techniques/T1036/005/
* https://attack.mitre.org/techniques/T1055/012/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.images import has_role, user_place
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "process-start" or "false-parent" not in event.traits:
        return
    parent = event.text("parent") or ""
    odd = user_place(parent) or has_role(parent, "script-host", "office", "server", "shell")
    facts = told(event, ("process", "image"), ("command", "command"), ("started by", "parent"))
    yield Evidence(facts, verify(event), Severity.HIGH if odd else None)


INDICATOR = Indicator(
    id="event-false-parent",
    title="a core process of Windows has a false parent",
    family="event-masquerade",
    techniques=("T1036.005", "T1055.012"),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=EventRecord,
    check=check,
    benign_if="a security product of yours starts it",
    doc=__doc__,
)
