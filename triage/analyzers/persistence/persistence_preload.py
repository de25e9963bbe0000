"""A setting makes programs load a library from a volatile place.

What it looks for
-----------------
``/etc/ld.so.preload``, ``ld.so.conf``, ``/etc/environment``, a unit's ``Environment=`` or a script
that sets ``LD_PRELOAD``, ``LD_AUDIT``, ``LD_LIBRARY_PATH``, ``BASH_ENV`` or the like to
``/dev/shm``, ``/run``, ``/var/lock``, ``/tmp`` or a descriptor.

Why it matters
--------------
The library is in every program that starts, and gone from its place after a reboot.

What else looks like this
-------------------------
Allocators (jemalloc), fakeroot, Steam and monitoring agents preload from ``/usr`` or ``/opt``:
silent.

How to check by hand
--------------------
``cat`` the file that the finding names, below the image's root; then the script that it runs

References
----------
* https://attack.mitre.org/techniques/T1574/006/
* https://man7.org/linux/man-pages/man8/ld.so.8.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import PersistenceItem
from triage.predicates.persistence import evidence
from triage.scene import Scene

_KINDS = frozenset({"preload"})


def check(item: PersistenceItem, scene: Scene) -> Iterator[Evidence]:
    yield from evidence(item, scene, _KINDS)


INDICATOR = Indicator(
    id="persistence-preload",
    title="a library from a volatile place is preloaded",
    family="persistence-preload",
    techniques=("T1574.006", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=PersistenceItem,
    check=check,
    benign_if="a debugging tool that you are using right now",
    doc=__doc__,
)
