"""The executable lies in /dev, outside shared memory.

What it looks for
-----------------
A process whose ``exe`` link leads below ``/dev`` (not ``/dev/shm``, which has its own indicator).

Why it matters
--------------
``/dev`` holds device nodes. On most systems it is a devtmpfs, so what lies there is in memory and
gone at reboot; malware has hidden there for as long as there has been Unix.

What else looks like this
-------------------------
BuildKit runs an emulator as ``/dev/.buildkit_qemu_emulator`` inside builds.

How to check by hand
--------------------
``ls -l /proc/PID/exe; find /dev -type f``

References
----------
* https://attack.mitre.org/techniques/T1564/
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene, volatile_place, without_deleted


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe is None or volatile_place(without_deleted(process.exe)) != "dev":
        return
    confidence = Confidence.WEAK if process.exe_file is None else Confidence.STRONG
    facts = (f"exe -> {process.exe}",)
    yield Evidence(facts, f"ls -l /proc/{process.pid}/exe", confidence=confidence)


INDICATOR = Indicator(
    id="exe-in-dev",
    title="runs from the device directory",
    family="exe",
    techniques=("T1564", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="an image builder put its emulator there inside a build container",
    doc=__doc__,
)
