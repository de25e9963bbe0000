"""The executable lies so deep that the kernel cannot write its path.

What it looks for
-----------------
A process whose ``exe`` link leads to a file, but whose path has more than 4095 bytes, so that
``readlink`` fails (``ENAMETOOLONG``). The file itself is reached through the link all the same.

Why it matters
--------------
Tools that read the path skip such a process, and rules about paths never see it. No installer
makes directories that deep.

What else looks like this
-------------------------
Deeply nested ``node_modules`` and build trees stay below a page; nothing known runs from beyond.

How to check by hand
--------------------
``readlink /proc/PID/exe; stat -L /proc/PID/exe; sha256sum /proc/PID/exe; head -1 /proc/PID/maps``

References
----------
* https://attack.mitre.org/techniques/T1564/
* do_proc_readlink, fs/proc/base.c
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import LONG_PATH, Scene


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe != LONG_PATH or process.exe_file is None:
        return
    file = process.exe_file
    facts = (
        "the path of its executable has more than 4095 bytes, so the link does not tell it",
        f"inode {file.inode} on device {file.dev}, {file.size} bytes, owner uid {file.uid}",
    )
    yield Evidence(facts, f"stat -L /proc/{process.pid}/exe; sha256sum /proc/{process.pid}/exe")


INDICATOR = Indicator(
    id="exe-path-unknown",
    title="runs from a path too long to be told",
    family="exe-hidden",
    techniques=("T1564",),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="somebody tests very deep directories",
    doc=__doc__,
)
