"""An archive or compressed data lies in memory.

What it looks for
-----------------
A validated archive (zip, tar, 7z, rar, cab, ...) or compressed stream in a memory file.

Why it matters
--------------
Tools arrive in archives, and what is to be carried off is collected in them; shared memory leaves
no trace of either.

What else looks like this
-------------------------
Package managers and CI caches on a tmpfs ``/tmp`` (information), rotated logs and caches below
``/run`` (low), libraries that pass compressed messages through shared memory.

How to check by hand
--------------------
``file PATH; unzip -l PATH || tar tf PATH``

References
----------
* https://attack.mitre.org/techniques/T1074/001/
* https://attack.mitre.org/techniques/T1560/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import DATA, severity_in, verify, where
from triage.content.kinds import family
from triage.model import Confidence, Evidence, MemoryFile, Severity
from triage.scene import Scene


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    if item.content is None or family(item.content.kind) not in ("archive", "compressed"):
        return
    severity = severity_in(DATA, item, scene)
    if severity is None:
        return
    if family(item.content.kind) == "compressed":
        severity = severity.at_most(Severity.LOW)
    facts = (where(item), f"{item.content.kind}: {item.content.detail}".rstrip(": "))
    yield Evidence(facts, verify(item, scene), severity, item.content.confidence)


INDICATOR = Indicator(
    id="file-archive",
    title="an archive in volatile storage",
    family="content",
    techniques=("T1027.011", "T1074.001", "T1560"),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=MemoryFile,
    check=check,
    benign_if="a package manager, a build or a log rotation put it there",
    doc=__doc__,
)
