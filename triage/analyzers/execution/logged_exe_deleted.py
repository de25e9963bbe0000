"""A record names an executable that had lost its name.

What it looks for
-----------------
A record whose executable is ``PATH (deleted)`` with a path in ``/tmp``, ``/var/tmp``, ``/run`` or
shared memory, judged by the predicate of the live process (``exe-deleted-volatile``).

Why it matters
--------------
Dropped, started, unlinked: the usual order of a loader that wants to leave nothing.

What else looks like this
-------------------------
Self-extracting bundles and updaters run from ``/tmp`` and delete their copy. Deleted programs
outside of volatile places are upgrades, and silent.

How to check by hand
--------------------
``ausearch -i -if FILE -a SERIAL``, ``journalctl --file FILE``, or the line that the finding names

References
----------
* https://attack.mitre.org/techniques/T1070/004/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.process import exe_deleted_volatile
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import LogEvent
from triage.predicates.executions import as_process, confidence_of
from triage.predicates.logged import again, seen
from triage.scene import Scene, volatile_place, without_deleted


def check(event: LogEvent, scene: Scene) -> Iterator[Evidence]:
    for found in exe_deleted_volatile.check(as_process(event), scene):
        place = volatile_place(without_deleted(event.exe or ""))
        severity = Severity.MEDIUM if place == "tmp" else found.severity
        facts = (*found.facts, *seen(event))
        yield Evidence(facts, again(event, scene), severity, confidence_of(event))


INDICATOR = Indicator(
    id="logged-exe-deleted",
    title="a log shows a program that was deleted while it ran",
    family="deletion",
    techniques=("T1070.004", "T1027.011"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=LogEvent,
    check=check,
    benign_if="a package was upgraded, or a bundle unpacked itself to /tmp",
    doc=__doc__,
)
