"""A file in memory holds shellcode.

What it looks for
-----------------
Content that the examination calls shellcode by its structure, in a memory file.

Why it matters
--------------
Position-independent code without a container is written to be injected, and for nothing else.

What else looks like this
-------------------------
Firmware and device microcode, and the code caches of JIT compilers; those lie in memfds with
runtimes around them.

How to check by hand
--------------------
``xxd PATH | head; ndisasm -b64 PATH | head -30``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1055/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import PROGRAM, severity_in, verify, where
from triage.model import Confidence, Evidence, MemoryFile, Severity
from triage.scene import Scene


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    if item.content is None or item.content.kind != "shellcode":
        return
    severity = severity_in(PROGRAM, item, scene)
    if severity is not None:
        facts = (where(item), f"shellcode: {item.content.detail}".rstrip(": "))
        yield Evidence(facts, verify(item, scene), severity, item.content.confidence)


INDICATOR = Indicator(
    id="file-shellcode",
    title="shellcode in volatile storage",
    family="content",
    techniques=("T1027.011", "T1055"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=MemoryFile,
    check=check,
    benign_if="the file is a runtime's code cache or a device's firmware",
    doc=__doc__,
)
