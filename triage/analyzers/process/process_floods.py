"""A process has more of something than is looked at, or its contents took all the time.

What it looks for
-----------------
A process at one of the limits of the collection: 4096 notable descriptors, 4096 executable
mappings, 65,536 descriptors; or one that holds at least a hundred memory files of which some got
only a brief look, because the time for thorough ones was up.

Why it matters
--------------
Whoever knows a tool's limits can hide one thing behind thousands of harmless ones. What begins
like a program, what is sealed and what is rare was looked at first; the rest is not known.

What else looks like this
-------------------------
Test programs of memory allocators, and servers that are run with very high limits.

How to check by hand
--------------------
``ls /proc/PID/fd | wc -l; grep -c x /proc/PID/maps``; look again with ``--keep-all``

References
----------
* https://attack.mitre.org/techniques/T1564/
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene

# The limits of the collection: triage.scope and triage.proc.directory.
_OPEN_FILES, _MAPPINGS, _DESCRIPTORS = 4096, 4096, 1 << 16
_HELD_LEAST = 100
_BRIEF = "brief look"


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    facts = list(_facts(process, scene))
    if facts:
        command = f"ls /proc/{process.pid}/fd | wc -l; grep -c x /proc/{process.pid}/maps"
        yield Evidence(tuple(facts), command)


def _facts(process: Process, scene: Scene) -> Iterator[str]:
    if len(process.open_files) >= _OPEN_FILES:
        yield f"at least {len(process.open_files)} descriptors of memory files or deleted files"
    if len(process.mappings or ()) >= _MAPPINGS:
        yield f"at least {len(process.mappings or ())} executable mappings"
    if len(process.descriptors or ()) >= _DESCRIPTORS:
        yield f"at least {len(process.descriptors or ())} descriptors"
    if len(process.open_files) >= _HELD_LEAST:
        files = [scene.file_of(held.file) for held in process.open_files]
        brief = sum(f is not None and f.content is not None and f.content.limit == _BRIEF
                    for f in files)  # fmt: skip
        if brief:
            yield f"{brief} of the {len(files)} memory files that it holds got only a brief look"


INDICATOR = Indicator(
    id="process-floods",
    title="has more to look at than there was time or room for",
    family="flood",
    techniques=("T1564", "T1027.011"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="the program is known to need that many",
    doc=__doc__,
)
