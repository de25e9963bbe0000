"""A file in memory is a script.

What it looks for
-----------------
Content that is a script by its first line or its grammar (shell, Python, Perl, PHP, PowerShell,
...), in a memory file, with or without the execute permission.

Why it matters
--------------
Most payloads of a first stage are scripts, and shared memory is where they are staged.

What else looks like this
-------------------------
Boot and network tools keep small scripts below ``/run`` (medium at most), desktop sessions in
``/run/user``; builds in a tmpfs ``/tmp`` come out low.

How to check by hand
--------------------
``head -c 400 PATH | cat -v``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1059/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import SCRIPT, severity_in, verify, where
from triage.content.kinds import family
from triage.model import Confidence, Evidence, MemoryFile, Severity
from triage.scene import Scene


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    if item.content is None or family(item.content.kind) not in ("script", "bytecode"):
        return
    severity = severity_in(SCRIPT, item, scene)
    if severity is None:
        return
    if family(item.content.kind) == "bytecode" or item.content.confidence is Confidence.WEAK:
        severity = Severity.LOW
    elif item.content.kind == "javascript" and severity is Severity.HIGH:
        severity = Severity.MEDIUM  # what browsers and web servers keep there, too
    facts = (where(item), f"{item.content.kind}: {item.content.detail}".rstrip(": "))
    confidence = (
        Confidence.WEAK if item.content.confidence is Confidence.WEAK else Confidence.MODERATE
    )
    yield Evidence(facts, verify(item, scene), severity, confidence)


INDICATOR = Indicator(
    id="file-script",
    title="a script in volatile storage",
    family="content",
    techniques=("T1027.011", "T1059"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=MemoryFile,
    check=check,
    benign_if="a boot, desktop or deployment tool that you know keeps its script there",
    doc=__doc__,
)
