"""The executable lies in /run, /var/run, /run/lock or /var/lock.

What it looks for
-----------------
A process whose ``exe`` link leads into one of these directories. They hold process ids, locks and
sockets; programs do not belong there. In the lock directories nothing is exempt.

Why it matters
--------------
On most systems these are memory file systems that root's malware may write and nobody looks at.

What else looks like this
-------------------------
Container engines and orchestrators unpack and run helpers below ``/run`` (containerd, k3s, s6,
docker, argo), NixOS keeps its set-uid wrappers in ``/run/wrappers``, initramfs leaves
``/run/initramfs``. Those are root's, nobody else may write them; they come out low where more than
the path shows it: they lie on a file system of their own that is no memory, have the bytes of a
program on disk, or were unpacked together with at least seven others there.

How to check by hand
--------------------
``ls -l /proc/PID/exe; stat -L /proc/PID/exe; cat /proc/PID/cgroup``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* Elastic "Process Started in Shared Memory Directory"
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.predicates.run_programs import keeper_of
from triage.scene import Scene, volatile_place, without_deleted


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe is None:
        return
    path = without_deleted(process.exe)
    place = volatile_place(path)
    if place not in ("run", "lock"):
        return
    facts = [f"exe -> {process.exe}"]
    severity = Severity.HIGH
    known = keeper_of(path, process.exe_file, scene)
    if known is not None and place == "run":
        facts.append(f"kept by {known}; root's and writable by nobody else")
        severity = Severity.LOW
    confidence = Confidence.WEAK if process.exe_file is None else Confidence.STRONG
    verify = f"ls -l /proc/{process.pid}/exe; cat /proc/{process.pid}/cgroup"
    yield Evidence(tuple(facts), verify, severity, confidence)


INDICATOR = Indicator(
    id="exe-in-run",
    title="runs from a run-time directory",
    family="exe",
    techniques=("T1027.011", "T1059"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a container engine or the distribution itself keeps this program there",
    doc=__doc__,
)
