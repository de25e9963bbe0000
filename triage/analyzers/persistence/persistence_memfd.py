"""Something that starts by itself makes a program in memory, or runs one through a descriptor.

What it looks for
-----------------
Inline code of an interpreter that calls ``memfd_create`` (by name or by number) or makes executable
memory; a command that executes ``/proc/self/fd/N`` or ``/dev/fd/N``; a shell that writes
``/proc/PID/mem``.

Why it matters
--------------
This is reflective loading from the item itself: no file of the payload ever exists.

What else looks like this
-------------------------
Process substitution (``source <(tool completion bash)``) is a pipe, and silent.

How to check by hand
--------------------
``cat`` the file that the finding names, below the image's root; then the script that it runs

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://man7.org/linux/man-pages/man2/memfd_create.2.html
* https://github.com/arget13/DDexec
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import PersistenceItem
from triage.predicates.persistence import evidence
from triage.scene import Scene

_KINDS = frozenset({"memfd", "fd-exec", "memory-write"})


def check(item: PersistenceItem, scene: Scene) -> Iterator[Evidence]:
    yield from evidence(item, scene, _KINDS)


INDICATOR = Indicator(
    id="persistence-memfd",
    title="a start-up item runs something from memory",
    family="persistence-memory",
    techniques=("T1620", "T1027.011"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=PersistenceItem,
    check=check,
    benign_if="a launcher that you know passes programs by descriptor",
    doc=__doc__,
)
