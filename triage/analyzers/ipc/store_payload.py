"""A payload is stored where no file is: in shared memory, a key, a socket's name, an attribute.

What it looks for
-----------------
A SysV segment, a kernel key, an abstract socket's name or an extended attribute whose bytes are,
or unwrap to, a program, shellcode or a script.

Why it matters
--------------
T1027.011 is about places that defenders do not search. None of these shows in a file listing;
a one-line loader takes the payload out and runs it.

What else looks like this
-------------------------
Nothing benign is known to keep programs in keys, attributes or socket names.

How to check by hand
--------------------
``ipcs -m; keyctl show @u; getfattr -d -m - PATH; ss -xa``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* Documentation/security/keys/core.rst, sysvipc(7), xattr(7), unix(7)
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.kernel_stores import verify, where
from triage.model import Confidence, Evidence, Severity
from triage.model_kernel_objects import IpcObject
from triage.scene import Scene
from triage.stored_payloads import payload_of


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    found = None if item.parts else payload_of(item.content)
    if found is not None:
        yield Evidence((where(item), *found.facts), verify(item), found.severity)


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
