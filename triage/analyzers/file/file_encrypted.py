"""Encrypted data lies in memory.

What it looks for
-----------------
Containers that say of themselves that they are encrypted: ``Salted__`` of OpenSSL, OpenPGP, age,
LUKS, zip archives with encrypted members.

Why it matters
--------------
Collected data is encrypted before it is carried off, and payloads are encrypted so that nobody can
look at them. Both pass through shared memory.

What else looks like this
-------------------------
Secrets of service managers and OpenPGP keys of desktop sessions below ``/run``: low or medium
there.

How to check by hand
--------------------
``head -c 16 PATH | xxd; unzip -v PATH``

References
----------
* https://attack.mitre.org/techniques/T1027/013/
* https://attack.mitre.org/techniques/T1074/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import SCRIPT, severity_in, verify, where
from triage.content.kinds import family
from triage.model import Confidence, Evidence, MemoryFile, Severity
from triage.scene import Scene


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    content = item.content
    if content is None:
        return
    if family(content.kind) != "encrypted" and "encrypted" not in content.traits:
        return
    severity = severity_in(SCRIPT, item, scene)
    if severity is None:
        return
    if content.kind in ("pgp", "dpapi", "ansible-vault", "fernet"):
        severity = severity.at_most(Severity.MEDIUM)
    facts = (where(item), f"{content.kind}: {content.detail}".rstrip(": "))
    yield Evidence(facts, verify(item, scene), severity, Confidence.MODERATE)


INDICATOR = Indicator(
    id="file-encrypted",
    title="encrypted data in volatile storage",
    family="content",
    techniques=("T1027.011", "T1027.013", "T1074.001"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=MemoryFile,
    check=check,
    benign_if="a backup or secrets tool that you know writes it there",
    doc=__doc__,
)
