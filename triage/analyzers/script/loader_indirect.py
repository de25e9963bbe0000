"""The dynamic loader was started by hand, with a program from a volatile place.

What it looks for
-----------------
A process whose executable is the system's dynamic loader and whose program argument lies in shared
memory, in a run-time directory, in a memfd or on a memory file system.

Why it matters
--------------
``ld-linux.so /dev/shm/x`` runs a program that lacks the execute permission, gets round ``noexec``
on older kernels, and shows the loader as the executable.

What else looks like this
-------------------------
Relocatable bundles start their programs through a loader of their own, from disk.

How to check by hand
--------------------
``readlink /proc/PID/exe; tr '\\0' ' ' < /proc/PID/cmdline; grep ' r-x' /proc/PID/maps``

References
----------
* https://attack.mitre.org/techniques/T1574/
* https://attack.mitre.org/techniques/T1027/011/
* https://gtfobins.github.io/gtfobins/ld.so/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.script.script_memfd import is_memfd_argument
from triage.model import Argument, Confidence, Evidence, Process, Severity
from triage.predicates.interpreters import is_loader
from triage.scene import Scene, in_memory, volatile_place


def _volatile(argument: Argument, scene: Scene) -> bool:
    return (
        volatile_place(argument.path) in ("shm", "run", "lock", "dev")
        or in_memory(argument.file) is True
        or is_memfd_argument(argument, scene)
    )


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe is None or not is_loader(process.exe):
        return
    for argument in process.arguments:
        if _volatile(argument, scene):
            facts = (f"argument {argument.index} is {argument.text}", f"exe -> {process.exe}")
            yield Evidence(facts, f"tr '\\0' ' ' < /proc/{process.pid}/cmdline")
            return


INDICATOR = Indicator(
    id="loader-indirect",
    title="the dynamic loader runs a program from a volatile place",
    family="exe",
    techniques=("T1574", "T1027.011"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a bundle that you know starts its programs through the loader from there",
    doc=__doc__,
)
