"""A file in memory is a Linux program or library.

What it looks for
-----------------
A validated ELF image at the start of a file that lies in shared memory, in a run-time directory,
in another memory file system, in a memfd or in a file without a name; whatever its name, mode or
extension.

Why it matters
--------------
These places hold data of running programs. A program there is staged to be run, or was.

What else looks like this
-------------------------
Builds in a ``/tmp`` that is a tmpfs come out low; so do programs that container engines keep
below ``/run``, if more than their path shows it, and the compiled eBPF of network plug-ins; the
root file system of a diskless host is not reported. What a compiler or a crash leaves (an object
file that is no kernel module, a core dump) cannot be run as it is: medium at most. A container
runtime's sealed clone is attested by its seals and a twin on disk.

How to check by hand
--------------------
``file PATH; sha256sum PATH; readelf -hlW PATH``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import DATA, PROGRAM, severity_in, verify, where
from triage.model import Confidence, Content, Evidence, MemoryFile, Severity
from triage.scene import Scene


def _cannot_run(content: Content) -> bool:
    """A core dump; an object file, if it is no module: that is told by sections near its end."""
    if "core" in content.traits:
        return True
    whole = content.examined >= content.size
    return whole and "object" in content.traits and "kernel-module" not in content.traits


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    if item.content is None or item.content.kind != "elf":
        return
    severity = severity_in(PROGRAM, item, scene)
    if severity is not None and item.content.detail.startswith("eBPF"):
        severity = severity_in(DATA, item, scene)
    if severity is not None:
        if _cannot_run(item.content):
            severity = severity.at_most(Severity.MEDIUM)
        facts = (where(item), f"ELF: {item.content.detail}".rstrip(": "))
        yield Evidence(facts, verify(item, scene), severity, item.content.confidence)


INDICATOR = Indicator(
    id="file-elf",
    title="a Linux program in volatile storage",
    family="content",
    techniques=("T1027.011",),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=MemoryFile,
    check=check,
    benign_if="a build or a container engine that you know put it there, or it has a twin on disk",
    doc=__doc__,
)
