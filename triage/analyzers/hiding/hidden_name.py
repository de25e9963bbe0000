"""The C library does not show a name that the kernel's own listing has.

What it looks for
-----------------
A name in a directory that ``getdents64`` returns and the C library's ``readdir`` does not, twice.

Why it matters
--------------
That is what a preloaded library does to hide its files, ``/etc/ld.so.preload`` first of all. It
works on every program that is linked dynamically, this tool's interpreter included.

What else looks like this
-------------------------
Nothing: the two calls read the same directory, and a name that comes or goes between them is not
missing twice.

How to check by hand
--------------------
A statically linked ``busybox ls -a DIRECTORY`` against ``ls -a DIRECTORY``

References
----------
* https://attack.mitre.org/techniques/T1574/006/
* https://attack.mitre.org/techniques/T1014/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import HiddenThing
from triage.scene import Scene


def check(item: HiddenThing, scene: Scene) -> Iterator[Evidence]:
    if item.what != "name":
        return
    facts = (
        f"{item.name} is shown by {', '.join(item.seen_by)}",
        f"and not by {', '.join(item.missed_by)}",
    )
    yield Evidence(facts, "busybox ls -a, statically linked, against ls -a")


INDICATOR = Indicator(
    id="hidden-name",
    title="a name is hidden by the C library",
    family="hiding",
    techniques=("T1014", "T1574.006", "T1564.001"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=HiddenThing,
    check=check,
    benign_if="nothing benign is known to do this",
    doc=__doc__,
)
