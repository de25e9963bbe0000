"""A file in memory is hidden by its name.

What it looks for
-----------------
A non-empty file whose name, or the name of a directory above it inside the memory file system,
begins with a dot, consists of spaces, or holds characters that do not print.

Why it matters
--------------
A plain listing does not show it. Names alone are weak evidence.

What else looks like this
-------------------------
Browsers' shared memory (``.org.chromium.…``), lock files, markers of container managers and
desktop sessions are known by name and not reported.

How to check by hand
--------------------
``ls -laR /dev/shm /run | cat -v``

References
----------
* https://attack.mitre.org/techniques/T1564/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import DATA, path_of, severity_in, verify, where
from triage.knowledge import match
from triage.model import Confidence, Evidence, MemoryFile, Severity
from triage.scene import Scene


def _hidden(name: str) -> str | None:
    if any(not c.isprintable() for c in name):
        return "the name holds characters that do not print"
    if name.startswith(".") and match("look_alikes", "hidden_names", name) is None:
        return "the name begins with a dot"
    if name and not name.strip():
        return "the name is nothing but spaces"
    return None


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    if item.origin not in ("mount", "directory") or item.file.size == 0:
        return
    severity = severity_in(DATA, item, scene)
    if severity is None or severity is Severity.INFO:
        return
    below = path_of(item).removeprefix(item.mount_point or "")
    reasons = dict.fromkeys(filter(None, map(_hidden, below.strip("/").split("/"))))
    if reasons:
        yield Evidence((where(item), *reasons), verify(item, scene), severity)


INDICATOR = Indicator(
    id="file-hidden",
    title="a hidden file in volatile storage",
    family="name",
    techniques=("T1564.001", "T1027.011"),
    severity=Severity.MEDIUM,
    confidence=Confidence.WEAK,
    inspects=MemoryFile,
    check=check,
    benign_if="a desktop or service that you know names its files like this",
    doc=__doc__,
)
