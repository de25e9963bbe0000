"""A process is missing from a listing that shows every process.

What it looks for
-----------------
A process that system calls know (``kill``, ``getpgid``, ``sched_getaffinity``, ...) and that the
kernel's or the C library's listing of ``/proc`` lacks, twice; or one over whose ``/proc`` directory
something is mounted. A pidfd held over the second look makes sure it is the same process.

Why it matters
--------------
Rootkits take their processes out of ``getdents64``; preloaded libraries take them out of
``readdir``; a mount over ``/proc/PID`` does it without either.

What else looks like this
-------------------------
Nothing: threads answer to system calls too and are told apart by ``pidfd_open``; processes that
come and go between the looks are gone or listed at the second. Where ``hidepid`` or a foreign pid
namespace makes the question meaningless, it is not asked.

How to check by hand
--------------------
``kill -0 PID; ls -d /proc/PID; ls /proc | grep -x PID; grep ' /proc/PID' /proc/self/mountinfo``

References
----------
* https://attack.mitre.org/techniques/T1014/
* https://attack.mitre.org/techniques/T1564/013/
* Sandfly processdecloak; Unhide
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import HiddenThing
from triage.scene import Scene


def check(item: HiddenThing, scene: Scene) -> Iterator[Evidence]:
    if item.what != "process":
        return
    facts = [
        f"known to {', '.join(item.seen_by)}",
        f"missing from {', '.join(item.missed_by)}",
        f"confirmed {item.checks} times",
    ]
    if item.exe is not None:
        facts.append(f"it runs {item.exe}")
    if item.detail:
        facts.append(item.detail)
    yield Evidence(tuple(facts), f"kill -0 {item.pid}; ls /proc | grep -x {item.pid}")


INDICATOR = Indicator(
    id="hidden-process",
    title="a process is hidden from listings",
    family="hiding",
    techniques=("T1014", "T1564"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=HiddenThing,
    check=check,
    benign_if="nothing benign is known to do this",
    doc=__doc__,
)
