"""A record shows an interpreter or loader that was given a file in a volatile place.

What it looks for
-----------------
A record of an interpreter whose program is a script in shared memory or a run-time directory, or of
the dynamic loader with a program there; judged by the predicates of the live process
(``script-in-volatile``, ``loader-indirect``), with the record's own working directory.

Why it matters
--------------
The executable is an honest ``/usr/bin/bash``: what looks at executables only does not see it.

What else looks like this
-------------------------
Ansible and monitoring agents stage short-lived scripts; boot tools run scripts from ``/run``.

How to check by hand
--------------------
``ausearch -i -if FILE -a SERIAL``, ``journalctl --file FILE``, or the line that the finding names

References
----------
* https://attack.mitre.org/techniques/T1059/
* Falco: Execution from /dev/shm
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.script import loader_indirect, script_in_volatile
from triage.commands.places import volatile
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import LogEvent
from triage.predicates.executions import as_process, confidence_of
from triage.predicates.logged import again, seen
from triage.scene import Scene


def check(event: LogEvent, scene: Scene) -> Iterator[Evidence]:
    process = as_process(event)
    if any(argument.script and volatile(argument.path) is None for argument in process.arguments):
        return
    for module in (script_in_volatile, loader_indirect):
        for found in module.check(process, scene):
            # No record can say what lies at the path: only that of a live process does.
            told = [fact for fact in found.facts if "not there any more" not in fact]
            facts = (*told, *seen(event))
            yield Evidence(facts, again(event, scene), found.severity, confidence_of(event))
            return


INDICATOR = Indicator(
    id="logged-script-volatile",
    title="a log shows a script from a volatile place",
    family="script",
    techniques=("T1059", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=LogEvent,
    check=check,
    benign_if="a deployment or boot tool that you know staged the script there",
    doc=__doc__,
)
