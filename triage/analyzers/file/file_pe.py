"""A file in memory is a program for another system: Windows, macOS, DOS.

What it looks for
-----------------
A validated PE, Mach-O or DOS program in a place where ``file-elf`` would look.

Why it matters
--------------
A Linux server does not run it: it is a tool staged for other machines, or run by Wine.

What else looks like this
-------------------------
Wine, Mono and .NET keep assemblies in memory; build caches on tmpfs.

How to check by hand
--------------------
``file PATH; sha256sum PATH``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1074/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import PROGRAM, severity_in, verify, where
from triage.model import Confidence, Evidence, MemoryFile, Severity
from triage.scene import Scene

_KINDS = frozenset({"pe", "macho", "dos"})


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    if item.content is None or item.content.kind not in _KINDS:
        return
    severity = severity_in(PROGRAM, item, scene)
    if severity is not None:
        facts = (where(item), f"{item.content.kind}: {item.content.detail}".rstrip(": "))
        yield Evidence(facts, verify(item, scene), severity, item.content.confidence)


INDICATOR = Indicator(
    id="file-pe",
    title="a program for another system in volatile storage",
    family="content",
    techniques=("T1027.011", "T1074.001"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=MemoryFile,
    check=check,
    benign_if="Wine, Mono or .NET runs on this host and keeps its programs there",
    doc=__doc__,
)
