"""A kernel key is large and its payload cannot be read.

What it looks for
-----------------
A key of type ``user``, ``logon`` or ``big_key`` of at least 1 KiB whose payload the kernel does
not give to us: it belongs to another session, or the type (``logon``) is never read from user
space. Keys of file systems, Kerberos and the resolver are left out by their descriptions.

Why it matters
--------------
A keyring is memory of the kernel: no file, not swapped, gone at reboot, and only its possessor may
read it. Real keys are short; a payload is not.

What else looks like this
-------------------------
Kerberos ticket caches (``big_key``), cloud and container credentials. A certificate chain in a
``user`` key.

How to check by hand
--------------------
``grep KEY /proc/keys; keyctl rdescribe 0xSERIAL``; in a session of its owner ``keyctl pipe``

References
----------
* Documentation/security/keys/core.rst; keyrings(7)
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.predicates.kernel_stores import known_key, where
from triage.scene import Scene

_LEAST = 1024


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if item.store != "key" or item.content is not None or item.size is None:
        return
    if item.size < _LEAST or known_key(item):
        return
    why = "keys of this type are never readable" if item.type == "logon" else "reading was denied"
    yield Evidence((where(item), f"{item.size} bytes, not read: {why}"))


INDICATOR = Indicator(
    id="key-large",
    title="a large kernel key whose payload is out of reach",
    family="store-size",
    techniques=("T1027.011",),
    severity=Severity.MEDIUM,
    confidence=Confidence.WEAK,
    inspects=IpcObject,
    check=check,
    benign_if="a credential manager that you know keeps tickets or certificates in keys",
    doc=__doc__,
)
