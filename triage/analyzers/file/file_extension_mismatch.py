"""A program or script in memory goes by the name of something harmless.

What it looks for
-----------------
Content that is a program, shellcode or a script while the name's ending says process id, lock,
log, picture, text or settings.

Why it matters
--------------
Nobody gives an honest program the name of a picture.

What else looks like this
-------------------------
None known for programs. Process-id files with several lines are text, not scripts.

How to check by hand
--------------------
``file PATH``

References
----------
* https://attack.mitre.org/techniques/T1036/008/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import base_name, place_of, verify, where
from triage.content.kinds import family
from triage.model import Confidence, Evidence, MemoryFile, Severity
from triage.scene import Scene

_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".ico", ".svg", ".webp"})
_STATE = frozenset({".pid", ".lock", ".log", ".sock", ".reboot", ".db", ".csv", ".json"})
_DOCUMENTS = frozenset({".pdf", ".doc", ".docx", ".xls", ".xlsx", ".mp3", ".mp4", ".wav", ".ttf"})
_TEXT = frozenset(
    {".txt", ".conf", ".cfg", ".ini", ".html", ".css", ".md", ".yaml", ".yml", ".dat"}
)
# A script may honestly end like text; a program may not.
_NEVER_SCRIPT = _PICTURES | _STATE | _DOCUMENTS
_NEVER_PROGRAM = _NEVER_SCRIPT | _TEXT


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    content = item.content
    if content is None or place_of(item, scene) is None or content.confidence is Confidence.WEAK:
        return
    ending = posixpath.splitext(base_name(item))[1].lower()
    kind = family(content.kind)
    program = kind == "executable" and ending in _NEVER_PROGRAM
    script = kind == "script" and ending in _NEVER_SCRIPT
    if program or script:
        facts = (where(item), f"the name ends in {ending}, the content is {content.kind}")
        yield Evidence(facts, verify(item, scene))


INDICATOR = Indicator(
    id="file-extension-mismatch",
    title="a program in volatile storage is disguised by its name",
    family="disguise",
    techniques=("T1036.008", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=MemoryFile,
    check=check,
    benign_if="the program that wrote it names its own code like this",
    doc=__doc__,
)
