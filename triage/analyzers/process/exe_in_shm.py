"""The executable lies in shared memory: /dev/shm or /run/shm.

What it looks for
-----------------
A process whose ``exe`` link leads into ``/dev/shm`` or ``/run/shm``, whether the file still has a
name or not. The link is the kernel's; where a mount of that name exists in the process's
namespace, the inode must be on it.

Why it matters
--------------
Shared memory is world-writable, executable on most distributions and gone at reboot: the first
place for a payload that should leave nothing behind.

What else looks like this
-------------------------
Ansible with a remote_tmp in shared memory, some CI runners and agentless scanners run short-lived
programs there. Nothing that stays for long.

How to check by hand
--------------------
``ls -l /proc/PID/exe; file -L /proc/PID/exe; findmnt -T /dev/shm``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* Tracee TRC-105; Falco "Execution from /dev/shm"; Sigma proc_creation_lnx_susp_exec_from_dev_shm
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import (
    Scene,
    effective_uid,
    in_memory,
    is_deleted,
    volatile_place,
    without_deleted,
)


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe is None or volatile_place(without_deleted(process.exe)) != "shm":
        return
    facts = [f"exe -> {process.exe}"]
    severity = Severity.HIGH
    if in_memory(process.exe_file) is False:
        facts.append("the directory is ordinary disk here, not memory")
    if is_deleted(process.exe, process.exe_file, process.exe_at_path):
        facts.append("the file was unlinked after it was started")
        severity = Severity.CRITICAL
    if effective_uid(process) == 0:
        facts.append("it runs as root")
        severity = Severity.CRITICAL
    confidence = Confidence.WEAK if process.exe_file is None else Confidence.STRONG
    verify = f"ls -l /proc/{process.pid}/exe; sha256sum /proc/{process.pid}/exe"
    yield Evidence(tuple(facts), verify, severity, confidence)


INDICATOR = Indicator(
    id="exe-in-shm",
    title="runs from shared memory",
    family="exe",
    techniques=("T1027.011", "T1059"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a deployment or test tool that you know staged it there moments ago",
    doc=__doc__,
)
