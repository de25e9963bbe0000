"""A database was allowed to run commands.

What it looks for
-----------------
SQL Server's event 15457: ``xp_cmdshell``, .NET assemblies or OLE automation were turned on.

Why it matters
--------------
A database then runs shells or assemblies that lie in its tables, in no file.

What else looks like this
-------------------------
Maintenance scripts that turn it on and off again.

How to check by hand
--------------------
``sp_configure`` on the server; what the server's process started next

References
----------
* https://attack.mitre.org/techniques/T1505/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "database-setting":
        yield Evidence(told(event, ("turned on", "setting")), verify(event))


INDICATOR = Indicator(
    id="event-database-setting",
    title="a database was allowed to run commands",
    family="event-database",
    techniques=("T1505.001",),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=EventRecord,
    check=check,
    benign_if="an application of yours needs it, and its administrator turned it on",
    doc=__doc__,
)
