"""Something that starts by itself fetches code from the network and runs it.

What it looks for
-----------------
A command or script of a start-up item in which what a fetcher (``curl``, ``wget``, ``nc``,
``/dev/tcp``, DNS tools, inline code) got reaches a shell, an interpreter or ``eval``, or is
written to a file that is run next.

Why it matters
--------------
The disk holds one line; the payload comes at each start and is never stored.

What else looks like this
-------------------------
``curl`` to a monitoring address, downloads of archives and keys: what they get is not run.

How to check by hand
--------------------
``cat`` the file that the finding names, below the image's root; then the script that it runs

References
----------
* https://attack.mitre.org/techniques/T1105/
* Elastic: Payload Downloaded by Curl or Wget and Piped to Interpreter
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import PersistenceItem
from triage.predicates.persistence import evidence
from triage.scene import Scene

_KINDS = frozenset({"download-execute"})


def check(item: PersistenceItem, scene: Scene) -> Iterator[Evidence]:
    yield from evidence(item, scene, _KINDS)


INDICATOR = Indicator(
    id="persistence-download-execute",
    title="a start-up item fetches something and runs it",
    family="persistence-command",
    techniques=("T1105", "T1059.004"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=PersistenceItem,
    check=check,
    benign_if="an update script of your own that fetches from your own server",
    doc=__doc__,
)
