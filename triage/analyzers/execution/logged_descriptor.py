"""A record shows a program or script that was named by a descriptor.

What it looks for
-----------------
An execution whose program or script argument is ``/proc/self/fd/N`` or ``/dev/fd/N``. Critical
when the record says that the descriptor leads to a memfd; medium otherwise.

Why it matters
--------------
A memfd, or a file that was unlinked, has no other path to be executed by.

What else looks like this
-------------------------
Process substitution passes a pipe as ``/dev/fd/63``; systemd and snap start programs by
descriptor, with a real executable: those are silent.

How to check by hand
--------------------
``ausearch -i -if FILE -a SERIAL``, ``journalctl --file FILE``, or the line that the finding names

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://man7.org/linux/man-pages/man3/fexecve.3.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import LogEvent
from triage.predicates.executions import as_process, confidence_of, is_memfd_text, reasons_of
from triage.predicates.logged import again, seen
from triage.scene import Scene


def check(event: LogEvent, scene: Scene) -> Iterator[Evidence]:
    if event.action != "execute" or is_memfd_text(event.exe):
        return
    process = as_process(event)
    linked = [a for a in process.arguments if a.link is not None]
    texts = [reason.text for reason in reasons_of(event) if reason.kind == "fd-exec"]
    if linked:
        facts = (
            f"argument {linked[0].index} is {linked[0].text} -> {linked[0].link}",
            *seen(event),
        )
        yield Evidence(facts, again(event, scene), Severity.CRITICAL, confidence_of(event))
    elif texts:
        yield Evidence((*texts, *seen(event)), again(event, scene), None, confidence_of(event))


INDICATOR = Indicator(
    id="logged-descriptor",
    title="a log shows a program or script run through a descriptor",
    family="exe",
    techniques=("T1620", "T1059"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=LogEvent,
    check=check,
    benign_if="process substitution, or a service manager that starts programs by descriptor",
    doc=__doc__,
)
