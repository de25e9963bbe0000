"""Something that starts by itself mounts over the directory of a process.

What it looks for
-----------------
A command or script of a start-up item that mounts something over ``/proc/NUMBER``.

Why it matters
--------------
Tools that list processes then see another one, or none, in its place.

What else looks like this
-------------------------
Container managers cover ``/proc/kcore`` and the like, never a number.

How to check by hand
--------------------
``cat`` the file that the finding names, below the image's root; then the script that it runs

References
----------
* https://attack.mitre.org/techniques/T1564/013/
* Atomic Red Team T1036.004, bind mount over /proc/PID
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import PersistenceItem
from triage.predicates.persistence import evidence
from triage.scene import Scene

_KINDS = frozenset({"hides-process"})


def check(item: PersistenceItem, scene: Scene) -> Iterator[Evidence]:
    yield from evidence(item, scene, _KINDS)


INDICATOR = Indicator(
    id="persistence-hides-process",
    title="a start-up item hides a process",
    family="persistence-hiding",
    techniques=("T1564.013",),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=PersistenceItem,
    check=check,
    benign_if="no benign use of a mount over a process's directory is known",
    doc=__doc__,
)
