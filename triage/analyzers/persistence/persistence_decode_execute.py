"""Something that starts by itself decodes or decompresses text and runs the result.

What it looks for
-----------------
A command or script of a start-up item in which the output of a decoder (``base64 -d``, ``xxd -r``,
``openssl enc -d``, ``gunzip``, a rotation by ``tr``, escapes, an inline ``b64decode``) reaches a
shell, an interpreter or ``eval``, through pipes, substitutions, here-strings or a file that is run
next.

Why it matters
--------------
The payload is in the item itself or in a blob beside it, in a form that no scanner of files knows,
and becomes code only in memory.

What else looks like this
-------------------------
Decoding keys, certificates and archives to a file; ``zcat`` into a database; makeself archives.
None of them runs what was decoded in the same text.

How to check by hand
--------------------
``cat`` the file that the finding names, below the image's root; then the script that it runs

References
----------
* https://attack.mitre.org/techniques/T1140/
* Elastic: Interpreter Launched from Decoded Payload
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import PersistenceItem
from triage.predicates.persistence import evidence
from triage.scene import Scene

_KINDS = frozenset({"decode-execute"})


def check(item: PersistenceItem, scene: Scene) -> Iterator[Evidence]:
    yield from evidence(item, scene, _KINDS)


INDICATOR = Indicator(
    id="persistence-decode-execute",
    title="a start-up item decodes something and runs it",
    family="persistence-command",
    techniques=("T1140", "T1059.004", "T1027.010"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=PersistenceItem,
    check=check,
    benign_if="a self-extracting installer that you know decodes its own payload",
    doc=__doc__,
)
