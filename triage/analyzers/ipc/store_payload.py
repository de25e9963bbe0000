"""A payload is stored where no file is: in shared memory, a key, a socket's name, an attribute.

What it looks for
-----------------
A SysV segment, a kernel key, an abstract socket's name, an extended attribute or a pipe that one
process keeps to itself, whose bytes are, or unwrap to, a program, shellcode or a script.

Why it matters
--------------
T1027.011 is about places that defenders do not search. None of these shows in a file listing;
a one-line loader takes the payload out and runs it.

What else looks like this
-------------------------
Nothing benign is known to keep programs in keys, attributes or socket names. A shell that was fed
a script leaves the rest of it in its pipe, a download from this machine in its connection, until it
gets there: where the writing end is gone, a script in plain is low and anything else medium
at most.

How to check by hand
--------------------
``ipcs -m; keyctl show @u; getfattr -d -m - PATH; ss -xa; ls -l /proc/*/fd``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* Documentation/security/keys/core.rst, sysvipc(7), xattr(7), unix(7)
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.predicates.kernel_stores import verify, where
from triage.predicates.stored_payloads import payload_of
from triage.scene import Scene


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    found = None if item.parts else payload_of(item.content)
    if found is not None:
        yield Evidence((where(item), *found.facts), verify(item), _severity(item, found.severity))


def _severity(item: IpcObject, severity: Severity) -> Severity:
    """What a writer that is gone left in a pipe or a connection may be on its way to be read."""
    on_its_way = item.store == "pipe" or item.type in ("tcp", "udp")
    if not on_its_way or "both ends" in item.traits:
        return severity
    return Severity.LOW if severity is Severity.HIGH else Severity.MEDIUM


INDICATOR = Indicator(
    id="store-payload",
    title="a payload is stored where no file is",
    family="store-payload",
    techniques=("T1027.011", "T1140"),
    severity=Severity.CRITICAL,
    confidence=Confidence.MODERATE,
    inspects=IpcObject,
    check=check,
    benign_if="a program that you know keeps its own code there",
    doc=__doc__,
)
