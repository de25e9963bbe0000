"""Documents, keys or databases are gathered in memory.

What it looks for
-----------------
A directory on a memory file system (shared memory, ``/run``, an odd tmpfs) with at least eight
documents or mails of 256 KiB together, or with documents beside private keys or databases.

Why it matters
--------------
What is to be carried off is gathered first, where no disk keeps a trace of it. Archives and
encrypted data there are told by indicators of their own.

What else looks like this
-------------------------
Browser profiles kept in memory are databases and caches without documents. Print and mail queues
on ``/run`` are no directories of documents. A scanner's spool in ``/tmp``: left out.

How to check by hand
--------------------
``ls -la DIRECTORY; file DIRECTORY/*``

References
----------
* https://attack.mitre.org/techniques/T1074/001/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import place_of, quoted
from triage.content.kinds import family
from triage.model import Confidence, Evidence, MemoryFile, Severity
from triage.scene import Scene

_DOCUMENTS, _BYTES = 8, 256 << 10
_BESIDE = 3


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    if item.origin not in ("mount", "directory") or place_of(item, scene) in (None, "tmp", "memfd"):
        return
    if item.content is None or family(item.content.kind) != "document":
        return
    directory = posixpath.dirname(item.name)
    beside = sorted(scene.beside(directory), key=lambda file: file.name)
    documents = [f for f in beside if f.content and family(f.content.kind) == "document"]
    if documents[0].name != item.name:  # told once, on the first of them
        return
    valued = [f for f in beside if f.content and family(f.content.kind) in ("key", "database")]
    size = sum(file.file.size for file in documents)
    many = len(documents) >= _DOCUMENTS and size >= _BYTES
    if not many and not (len(documents) >= _BESIDE and valued):
        return
    facts = [f"{directory} holds {len(documents)} documents of {size} bytes"]
    if valued:
        facts.append(f"beside {len(valued)} keys or databases, such as {valued[0].name}")
    severity = Severity.HIGH if valued else Severity.MEDIUM
    yield Evidence(tuple(facts), f"ls -la {quoted(directory)}", severity)


INDICATOR = Indicator(
    id="staged-collection",
    title="documents are gathered in memory",
    family="staging",
    techniques=("T1074.001", "T1027.011"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=MemoryFile,
    check=check,
    benign_if="a program that you know works on documents there",
    doc=__doc__,
)
