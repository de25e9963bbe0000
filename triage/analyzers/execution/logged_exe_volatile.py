"""A record names an executable in shared memory or a run-time directory.

What it looks for
-----------------
A record whose executable lies in ``/dev/shm``, ``/run/shm``, ``/run``, ``/var/lock`` or elsewhere
below ``/dev``, judged by the predicates of the live process (``exe-in-shm``, ``exe-in-run``,
``exe-in-dev``).

Why it matters
--------------
The file is gone with the memory it lay in; the record is all that a dead disk has of it.

What else looks like this
-------------------------
Ansible and agentless scanners in shared memory; container managers in ``/run``: those come out low.

How to check by hand
--------------------
``ausearch -i -if FILE -a SERIAL``, ``journalctl --file FILE``, or the line that the finding names

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* Falco: Execution from /dev/shm; Sigma proc_creation_lnx_susp_exec_from_dev_shm
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.process import exe_in_dev, exe_in_run, exe_in_shm
from triage.commands.places import volatile
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import LogEvent
from triage.predicates.executions import as_process, confidence_of
from triage.predicates.logged import again, seen
from triage.scene import Scene, without_deleted


def check(event: LogEvent, scene: Scene) -> Iterator[Evidence]:
    process = as_process(event)
    for module in (exe_in_shm, exe_in_run, exe_in_dev):
        for found in module.check(process, scene):
            known = event.exe is not None and volatile(without_deleted(event.exe)) is None
            severity = Severity.LOW if known else found.severity
            facts = (*found.facts, *seen(event))
            yield Evidence(facts, again(event, scene), severity, confidence_of(event))
            return


INDICATOR = Indicator(
    id="logged-exe-volatile",
    title="a log shows a program run from a volatile place",
    family="exe",
    techniques=("T1027.011", "T1059"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=LogEvent,
    check=check,
    benign_if="a deployment or test tool that you know staged it there",
    doc=__doc__,
)
