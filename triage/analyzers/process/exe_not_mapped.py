"""The executable is not mapped by its own process.

What it looks for
-----------------
A live process with memory, none of whose mappings carries the inode of its ``exe`` link. The text
of ``maps`` is believed only when it says yes; before saying no, every mapped file is asked
through ``map_files``.

Why it matters
--------------
A userland exec (ulexecve and its kin) unmaps the program it was started as and maps another over
it: the process list goes on showing the first. The same shows when the ``exe`` link was changed.

What else looks like this
-------------------------
Packers that unpack themselves to anonymous memory (UPX), and processes restored by CRIU.

How to check by hand
--------------------
``readlink /proc/PID/exe; grep -F "$(readlink /proc/PID/exe)" /proc/PID/maps; ls -l
/proc/PID/map_files``

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://github.com/anvilsecure/ulexecve
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe_mapped is not False or process.state == "Z":
        return
    executable = [m for m in process.mappings or () if m.executable and m.inode == 0]
    facts = [f"exe -> {process.exe}", "no mapping of the process carries that file's inode"]
    facts += [f"{m.start:x}-{m.end:x} {m.perms} {m.path}".rstrip() for m in executable[:4]]
    verify = f"readlink /proc/{process.pid}/exe; cat /proc/{process.pid}/maps"
    yield Evidence(tuple(facts), verify)


INDICATOR = Indicator(
    id="exe-not-mapped",
    title="does not run the program it claims to be",
    family="replaced",
    techniques=("T1620", "T1055.012"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the program is packed with UPX, or was restored from a checkpoint by CRIU",
    doc=__doc__,
)
