"""A record shows one process writing into the memory of another.

What it looks for
-----------------
``ptrace`` with a request that writes (POKETEXT, POKEDATA, SETREGS) or ``process_vm_writev``, by a
program that is no debugger; also a tracing tool's event of the kind. High when the writer ran
from a volatile place.

Why it matters
--------------
Code that is injected has no file; the record names who put it there.

What else looks like this
-------------------------
Debuggers, tracers, CRIU, MPI (``process_vm_writev`` between its own processes): known names are
silent from their installed places.

How to check by hand
--------------------
``ausearch -i -if FILE -a SERIAL``, ``journalctl --file FILE``, or the line that the finding names

References
----------
* https://attack.mitre.org/techniques/T1055/008/
* Tracee TRC-103, TRC-1025
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import LogEvent
from triage.predicates.executions import confidence_of, is_memfd_text, notable_exe
from triage.predicates.interpreters import is_interpreter
from triage.predicates.logged import again, is_debugger, seen
from triage.scene import Scene


def check(event: LogEvent, scene: Scene) -> Iterator[Evidence]:
    if event.action != "inject" or is_debugger(event):
        return
    exe = event.exe or ""
    severity = Severity.MEDIUM
    if notable_exe(exe) or is_memfd_text(exe):
        severity = Severity.HIGH
    elif not is_interpreter(exe) and event.rule is None:
        severity = Severity.LOW
    facts = (f"{exe or event.comm or 'a process'} wrote into another process", *seen(event))
    yield Evidence(facts, again(event, scene), severity, confidence_of(event))


INDICATOR = Indicator(
    id="logged-injection",
    title="a log shows code written into another process",
    family="injection",
    techniques=("T1055.008", "T1055.009"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=LogEvent,
    check=check,
    benign_if="a debugger or tracer that you were using",
    doc=__doc__,
)
