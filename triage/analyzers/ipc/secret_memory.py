"""A process has memory that even the kernel does not map: memfd_secret.

What it looks for
-----------------
A descriptor or a mapping of ``/secretmem``. What is in it cannot be read by anybody else, root
and this tool included; that is said, and nothing more is known of it.

Why it matters
--------------
A payload or a key there is beyond every memory scanner. Few programs use it; one that runs without
a file, or an interpreter that does, has a reason to.

What else looks like this
-------------------------
Cryptographic agents that protect keys this way: low.

How to check by hand
--------------------
``grep secretmem /proc/PID/maps; ls -l /proc/PID/fd | grep secretmem``

References
----------
* memfd_secret(2)
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.predicates.interpreters import is_interpreter
from triage.predicates.kernel_stores import fileless
from triage.scene import Scene

_NAME = "/secretmem"


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    held = [f"fd {file.fd}" for file in process.open_files if file.target.startswith(_NAME)]
    mapped = [m for m in process.mappings or () if m.path.startswith(_NAME)]
    held += [f"map {m.start:x}-{m.end:x}" for m in mapped]
    if not held:
        return
    facts = [f"{', '.join(held[:6])}: secret memory, which nobody but the process can read"]
    severity = Severity.LOW
    reason = fileless(process, scene)
    if reason is not None:
        facts.append(reason)
        severity = Severity.HIGH
    elif process.exe is not None and is_interpreter(process.exe):
        facts.append("the process is an interpreter")
        severity = Severity.MEDIUM
    yield Evidence(tuple(facts), f"grep secretmem /proc/{process.pid}/maps", severity)


INDICATOR = Indicator(
    id="secret-memory",
    title="a process holds memory that cannot be read",
    family="store-state",
    techniques=("T1027.011",),
    severity=Severity.LOW,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a program that is known to protect its keys this way",
    doc=__doc__,
)
