"""A core dump is of a program that ran from memory, or had code mapped from there.

What it looks for
-----------------
A core dump whose executable, or a file that its memory was mapped from (``NT_FILE``), is a memfd or
lay in shared memory or a run-time directory.

Why it matters
--------------
The dump holds the whole payload: it can be recovered from the disk.

What else looks like this
-------------------------
``/memfd:doublemapper`` of .NET, shared memory of databases and browsers: data, and silent unless
the executable itself is meant.

How to check by hand
--------------------
``coredumpctl info FILE``; ``eu-readelf -n FILE``

References
----------
* https://www.freedesktop.org/software/systemd/man/latest/systemd-coredump.html
* https://man7.org/linux/man-pages/man5/core.5.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import CoreDump
from triage.predicates.executions import is_memfd_text, notable_exe
from triage.predicates.logged import core_facts, dumped, known_memfd
from triage.scene import Scene


def check(dump: CoreDump, scene: Scene) -> Iterator[Evidence]:
    if dump.exe is not None and notable_exe(dump.exe) and not known_memfd(dump.exe):
        severity = Severity.CRITICAL if is_memfd_text(dump.exe) else None
        facts = (f"the program that crashed was {dump.exe}", *core_facts(dump))
        yield Evidence(facts, dumped(dump, scene), severity)
        return
    mapped = [path for path in dump.mapped if notable_exe(path) and not known_memfd(path)]
    if mapped:
        facts = (*(f"it had mapped {path}" for path in mapped[:5]), *core_facts(dump))
        yield Evidence(facts, dumped(dump, scene), Severity.MEDIUM)


INDICATOR = Indicator(
    id="core-dump-volatile",
    title="a crash left the memory of a program without a file",
    family="exe",
    techniques=("T1620", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=CoreDump,
    check=check,
    benign_if="a container runtime's own clone crashed",
    doc=__doc__,
)
