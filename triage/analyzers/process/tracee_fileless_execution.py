"""Tracee's TRC-105 would have fired on the start of this process.

What it looks for
-----------------
The predicate of Tracee's detector ``fileless_execution`` on the executable's path: it begins
with ``memfd:``, ``/dev/shm/`` or ``/run/shm/``.

Why it matters
--------------
Whoever knows Tracee's finding finds it here under its own name, on a box where Tracee was not
running at that moment. It looks at the path only, so it is recorded and not scored above the
project's own indicators, which look at the inode.

What else looks like this
-------------------------
Everything whose path looks like that, container runtimes' clones included: the detector has
no exclusions.

How to check by hand
--------------------
``readlink /proc/PID/exe``

References
----------
* Tracee detectors/fileless_execution.go, TRC-105
* https://attack.mitre.org/techniques/T1620/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene
from triage.subjects import trc105


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if trc105(process.exe) is True:
        facts = (f"TRC-105 predicate matches: exe -> {process.exe}",)
        yield Evidence(facts, f"readlink /proc/{process.pid}/exe")


INDICATOR = Indicator(
    id="tracee-fileless-execution",
    title="matches Tracee TRC-105 (fileless execution)",
    family="exe",
    techniques=("T1620",),
    severity=Severity.HIGH,
    confidence=Confidence.WEAK,
    inspects=Process,
    check=check,
    benign_if="what the other findings on this process say of it is benign",
    doc=__doc__,
)
