"""The executable was replaced on disk by a program that has nothing to do with it.

What it looks for
-----------------
A process whose executable's inode has no name any more, while another file lies at the same path:
and the two share next to none of the names that a compiler and a linker leave in a program.

Why it matters
--------------
An implant that was copied over a system program, started, and covered again with the original looks
like an upgrade: the path is honest, and the file there is the distribution's.

What else looks like this
-------------------------
Upgrades: two releases of a program share most of their names (see ``exe-replaced``). A program that
was replaced by a launcher or a script of the same name, as Snap transitions do.

How to check by hand
--------------------
``sha256sum /proc/PID/exe; strings /proc/PID/exe | head -50``; compare with the file at the path and
with the package manager's log

References
----------
* https://attack.mitre.org/techniques/T1036/005/
* https://attack.mitre.org/techniques/T1070/004/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene, in_memory

#: Percentages of names in both: unrelated programs of one system have up to 18.
_FOREIGN, _DISTANT = 20, 35


def is_swapped(process: Process) -> bool:
    """Whether what runs and what lies at its path are two programs."""
    return (
        process.exe_at_path == "other"
        and process.exe_alike is not None
        and process.exe_alike < _DISTANT
        and in_memory(process.exe_file) is not True
    )


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if not is_swapped(process) or process.exe_alike is None:
        return
    facts = (
        f"exe -> {process.exe}",
        f"the file that lies there now shares {process.exe_alike} % of its names with what runs",
    )
    severity = Severity.HIGH if process.exe_alike < _FOREIGN else Severity.LOW
    verify = f"sha256sum /proc/{process.pid}/exe; strings /proc/{process.pid}/exe | head -50"
    yield Evidence(facts, verify, severity)


INDICATOR = Indicator(
    id="exe-swapped",
    title="its executable was replaced by a different program",
    family="exe",
    techniques=("T1036.005", "T1070.004"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="a package replaced its program by a launcher or by another program of that name",
    doc=__doc__,
)
