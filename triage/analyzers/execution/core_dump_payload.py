"""Executable memory without a file, in a core dump, begins with a program.

What it looks for
-----------------
A segment of a core dump that is executable, that no file was mapped to (``NT_FILE``), and that
begins with an ELF header or holds shellcode.

Why it matters
--------------
It is a program that was loaded by hand, and it is still there.

What else looks like this
-------------------------
The kernel's own vdso is an ELF image in such a segment: it is told by its place
(``AT_SYSINFO_EHDR``) and its size. JIT compilers write code without headers.

How to check by hand
--------------------
``eu-readelf -l -n FILE``; carve the segment with ``triage carve``

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://man7.org/linux/man-pages/man5/core.5.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import CoreDump
from triage.predicates.logged import core_facts, dumped
from triage.scene import Scene


def check(dump: CoreDump, scene: Scene) -> Iterator[Evidence]:
    if dump.content is None or not dump.segments:
        return
    facts = (*dump.segments[:4], *core_facts(dump))
    yield Evidence(facts, dumped(dump, scene))


INDICATOR = Indicator(
    id="core-dump-payload",
    title="a core dump holds a program that no file backed",
    family="memory",
    techniques=("T1620",),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=CoreDump,
    check=check,
    benign_if="a runtime that compiles in memory (JIT); those write no ELF images",
    doc=__doc__,
)
