"""A library that is mapped was deleted from disk.

What it looks for
-----------------
Executable mappings of a file, not the executable, whose inode lost its name. Where another
file lies at the same path it was replaced, as by an upgrade, and that is information only.

Why it matters
--------------
A library that was unlinked after loading cannot be looked at any more; that is the point of it.

What else looks like this
-------------------------
Package upgrades (the path exists again), removed packages, runtimes that unpack native libraries,
load and unlink them.

How to check by hand
--------------------
``grep -E 'x[ps] .*\\(deleted\\)' /proc/PID/maps``

References
----------
* https://attack.mitre.org/techniques/T1574/006/
* https://attack.mitre.org/techniques/T1070/004/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import executable, listed, verify
from triage.model import Confidence, Evidence, Mapping, Process, Severity
from triage.scene import DELETED, Scene, in_memory, volatile_place, without_deleted

_KERNEL_OBJECTS = ("/memfd:", "/SYSV", "/dev/zero", "/anon_hugepage", "/drm mm object", "/i915 ")


def deleted(mapping: Mapping, process: Process) -> bool:
    """Whether a mapped file, not a kernel object and not the executable, lost its name."""
    if not mapping.path.endswith(DELETED) or mapping.path.startswith(_KERNEL_OBJECTS):
        return False
    if mapping.path == process.exe or not mapping.path.startswith("/"):
        return False
    return mapping.at_path != "same"


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    found = [
        m for m in executable(process)
        if deleted(m, process) and in_memory(m.file) is not True
        and volatile_place(without_deleted(m.path)) is None
    ]  # fmt: skip
    gone = [m for m in found if m.at_path != "other"]
    replaced = [m for m in found if m.at_path == "other"]
    if gone:
        yield Evidence(listed(gone), verify(process, gone[0]))
    if replaced:
        facts = ("another file lies at the same path: replaced, as by an upgrade",)
        yield Evidence((*listed(replaced), *facts), severity=Severity.INFO)


INDICATOR = Indicator(
    id="memory-deleted-library",
    title="runs code of a library that was deleted",
    family="deletion",
    techniques=("T1574.006", "T1070.004"),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="its package was upgraded or removed since the process was started",
    doc=__doc__,
)
