"""A record shows a memory file (memfd) being made where few programs make one.

What it looks for
-----------------
``memfd_create`` by an interpreter, a web server or a program that itself ran from a volatile
place: in audit records (without ``MFD_NOEXEC_SEAL``, which makes a memfd that cannot be executed)
and in the kernel's warning of Linux 6.3 and later. Alone it is low.

Why it matters
--------------
It is the first of the two steps of running a program from memory, and the kernel's warning is there
without any audit rule.

What else looks like this
-------------------------
systemd, D-Bus, PipeWire, browsers, Java and many libraries make memfds all the time: known users
are silent. The warning is rate-limited: its absence means nothing.

How to check by hand
--------------------
``ausearch -i -if FILE -a SERIAL``, ``journalctl --file FILE``, or the line that the finding names

References
----------
* https://man7.org/linux/man-pages/man2/memfd_create.2.html
* https://github.com/torvalds/linux/blob/master/mm/memfd.c
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import LogEvent
from triage.predicates.executions import as_process, confidence_of, is_memfd_text, notable_exe
from triage.predicates.interpreters import is_interpreter
from triage.predicates.logged import again, daemon_with_memfds, seen
from triage.scene import Scene


def check(event: LogEvent, scene: Scene) -> Iterator[Evidence]:
    if event.action != "create-memfd" or is_memfd_text(event.exe):
        return
    name = event.exe or event.comm or ""
    if daemon_with_memfds(event):
        return
    process = as_process(event)
    if process.exe is not None and notable_exe(process.exe):
        severity = Severity.HIGH
    elif is_interpreter(name) or name.isdigit():
        severity = Severity.LOW
    else:
        return
    facts = (f"{name} called memfd_create", *seen(event))
    yield Evidence(facts, again(event, scene), severity, confidence_of(event))


INDICATOR = Indicator(
    id="logged-memfd-created",
    title="a log shows an interpreter that made a memory file",
    family="memory",
    techniques=("T1620",),
    severity=Severity.LOW,
    confidence=Confidence.MODERATE,
    inspects=LogEvent,
    check=check,
    benign_if="a library that the program loads keeps data in it",
    doc=__doc__,
)
