"""A record names a memory file (memfd) as the executable.

What it looks for
-----------------
A record of an execution, or of anything a process did, whose executable is ``/memfd:NAME``. The
same predicate as for a live process (``exe-memfd``) judges it, without the inode that is gone. In
audit logs the name is in hexadecimal, because of the blank in `` (deleted)``; plain searches miss
it.

Why it matters
--------------
It is what is left of a program that never was a file.

What else looks like this
-------------------------
runc, crun, LXC and buildah run a clone of themselves from a memfd: the attestation ``logged-clone``
knows them by name, arguments and parent together. A record cannot show the seals.

How to check by hand
--------------------
``ausearch -i -if FILE -a SERIAL``, ``journalctl --file FILE``, or the line that the finding names

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://github.com/torvalds/linux/blob/master/kernel/audit.c (audit_log_untrustedstring)
* Tracee TRC-105; Falco: Fileless execution via memfd_create
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.process import exe_memfd, exe_memfd_masquerade
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import LogEvent
from triage.predicates.executions import as_process, confidence_of
from triage.predicates.logged import again, seen
from triage.scene import Scene


def check(event: LogEvent, scene: Scene) -> Iterator[Evidence]:
    process = as_process(event)
    for found in exe_memfd.check(process, scene):
        named = [e.facts[0] for e in exe_memfd_masquerade.check(process, scene)]
        facts = (found.facts[0], *named, *seen(event))
        yield Evidence(facts, again(event, scene), confidence=confidence_of(event))


INDICATOR = Indicator(
    id="logged-exe-memfd",
    title="a log shows a program run from a memory file (memfd)",
    family="exe",
    techniques=("T1620", "T1027.011"),
    severity=Severity.CRITICAL,
    confidence=Confidence.MODERATE,
    inspects=LogEvent,
    check=check,
    benign_if="a container runtime's clone of itself; the record cannot show its seals",
    doc=__doc__,
)
