"""The executable was replaced on disk since the process started.

What it looks for
-----------------
A process whose executable's inode has no name any more, while another regular file lies at the
same path in the process's own root directory.

Why it matters
--------------
Nearly always a package upgrade: the process still runs the old program. A file that has nothing
to do with what runs is told by ``exe-swapped``.

What else looks like this
-------------------------
This is itself the benign look-alike of ``exe-deleted``.

How to check by hand
--------------------
``sha256sum /proc/PID/exe "$(readlink /proc/PID/exe | sed 's/ (deleted)$//')"``; compare with the
package manager's log.

References
----------
* https://man7.org/linux/man-pages/man5/proc_pid_exe.5.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.process.exe_swapped import is_swapped
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene, in_memory, is_deleted, volatile_place, without_deleted


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    exe, file = process.exe, process.exe_file
    if exe is None or process.exe_at_path != "other" or in_memory(file) is True:
        return
    if not is_deleted(exe, file, process.exe_at_path):
        return
    if volatile_place(without_deleted(exe)) is not None or is_swapped(process):
        return
    facts = (f"exe -> {exe}", "another file lies at the same path: replaced, as by an upgrade")
    yield Evidence(facts, f"stat -L /proc/{process.pid}/exe")


INDICATOR = Indicator(
    id="exe-replaced",
    title="its executable was replaced on disk",
    family="exe",
    techniques=(),
    severity=Severity.INFO,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the package was upgraded after the process was started",
    doc=__doc__,
)
