"""The executable is a memfd with an empty name.

What it looks for
-----------------
As ``exe-memfd``, with the link reading ``/memfd: (deleted)``: the name was the empty string.

Why it matters
--------------
Programs that clone themselves give the memfd a name that helps their developers. Loaders that
stage a payload from a one-liner often pass the empty string.

What else looks like this
-------------------------
At least one VPN client runs a helper from an unnamed memfd. ``sealed-clone`` attests those that
are sealed copies of a file on disk.

How to check by hand
--------------------
``readlink /proc/PID/exe; tr '\\0' ' ' < /proc/PID/cmdline``

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://github.com/nnsee/fileless-elf-exec (a loader that does this)
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene, is_memfd


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe != "/memfd: (deleted)" or not is_memfd(process.exe, process.exe_file, scene):
        return
    confidence = Confidence.WEAK if process.exe_file is None else Confidence.STRONG
    yield Evidence(
        ("the memfd was created with an empty name",),
        f"readlink /proc/{process.pid}/exe",
        confidence=confidence,
    )


INDICATOR = Indicator(
    id="exe-memfd-unnamed",
    title="runs from a memory file without a name",
    family="exe",
    techniques=("T1620", "T1027.011"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a known agent of this host runs its helper like this and the bytes equal its own",
    doc=__doc__,
)
