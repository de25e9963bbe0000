"""A kernel store holds much that shows nothing: encrypted, packed, encoded or random bytes.

What it looks for
-----------------
A kernel key of at least 1 KiB, an extended attribute of at least 1 KiB, an abstract socket's name,
a SysV segment, or 4 KiB in a pipe with both ends in one process, whose bytes are encrypted,
compressed, encoded or random and unwrap to nothing.

Why it matters
--------------
A payload whose key is elsewhere looks like this, and so does data that waits to be carried off.

What else looks like this
-------------------------
Kerberos credentials (``krb_ccache``) and tokens are smaller, or of key types of their own;
signatures of IMA and of packages are attributes with names of their own. Databases keep
compressed pages in shared memory: segments alone are low.

How to check by hand
--------------------
``keyctl pipe SERIAL | xxd | head; getfattr -n NAME --only-values PATH | xxd | head``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1027/013/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.predicates.kernel_stores import is_tokens, known_key, verify, where
from triage.predicates.stored_payloads import opaque_words, payload_of
from triage.scene import Scene

_LEAST = {"key": 1024, "attribute": 1024, "socket": 24, "sysv-shm": 1 << 16, "pipe": 4096,
          "socket-queue": 4096}  # fmt: skip
_SEVERITY = {"sysv-shm": Severity.LOW, "socket": Severity.LOW}


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    least = _LEAST.get(item.store)
    if item.store == "pipe" and ("both ends" not in item.traits or is_tokens(item)):
        return  # on its way, perhaps, to who holds the other end; or to wake somebody
    if least is None or item.parts or known_key(item) or payload_of(item.content) is not None:
        return
    words = opaque_words(item.content, least)
    if words is None and item.store == "socket" and item.content is not None:
        words = f"{item.content.size} bytes that are no words"
    if words is not None:
        severity = _SEVERITY.get(item.store, Severity.MEDIUM)
        yield Evidence((where(item), words), verify(item), severity)


INDICATOR = Indicator(
    id="store-opaque",
    title="opaque data is stored where no file is",
    family="store-payload",
    techniques=("T1027.011", "T1027.013", "T1074.001"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=IpcObject,
    check=check,
    benign_if="a program that you know keeps encrypted or compressed data there",
    doc=__doc__,
)
