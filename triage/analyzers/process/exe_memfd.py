"""The executable is a memfd: a file that only ever existed in memory.

What it looks for
-----------------
A process whose ``exe`` link reads ``/memfd:NAME (deleted)`` and whose inode, asked through the
link, has no name (link count 0), lies on a memory file system and on a device that is mounted
nowhere. A real directory may be called ``/memfd:x``: it fails the last three.

Why it matters
--------------
``memfd_create`` followed by ``fexecve`` runs a program without a file. Nothing is left on
disk to find later, and ``noexec`` mounts and read-only roots do not stop it.

What else looks like this
-------------------------
runc, crun, LXC, buildah and similar clone their own binary into a sealed memfd before they
enter a container. A clone is sealed and has the same bytes as a file on disk; the attestation
``sealed-clone`` checks both. The name proves nothing: anybody may choose it.

How to check by hand
--------------------
``ls -l /proc/PID/exe; stat -L /proc/PID/exe; sha256sum /proc/PID/exe``

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://man7.org/linux/man-pages/man2/memfd_create.2.html
* Tracee TRC-105 ``fileless_execution``; Falco "Fileless execution via memfd_create"
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.predicates.seal_names import seal_names
from triage.scene import Scene, is_memfd


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe is None or not is_memfd(process.exe, process.exe_file, scene):
        return
    facts = [f"exe -> {process.exe}"]
    confidence = Confidence.WEAK
    if process.exe_file is not None:
        file = process.exe_file
        confidence = Confidence.STRONG
        facts.append(f"inode {file.inode} on device {file.dev}: no link, mounted nowhere")
        facts.append(f"seals: {'not known' if file.seals is None else seal_names(file.seals)}")
    verify = f"ls -l /proc/{process.pid}/exe; sha256sum /proc/{process.pid}/exe"
    yield Evidence(tuple(facts), verify, confidence=confidence)


INDICATOR = Indicator(
    id="exe-memfd",
    title="runs from a memory file (memfd)",
    family="exe",
    techniques=("T1620", "T1027.011"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the memfd is sealed and its bytes equal a program on disk that belongs to a package",
    doc=__doc__,
)
