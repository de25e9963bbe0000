"""Something that starts by itself ties a shell or an interpreter to a network connection.

What it looks for
-----------------
``bash -i >& /dev/tcp/...``, ``nc -e``, ``socat exec:``, inline code that gives a socket to a shell.

Why it matters
--------------
The commands come over the connection and are never stored.

What else looks like this
-------------------------
``nc`` and ``socat`` that pass data between ports; ``/dev/tcp`` used to test whether a port answers.

How to check by hand
--------------------
``cat`` the file that the finding names, below the image's root; then the script that it runs

References
----------
* https://attack.mitre.org/techniques/T1059/004/
* https://gtfobins.github.io/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import PersistenceItem
from triage.predicates.persistence import evidence
from triage.scene import Scene

_KINDS = frozenset({"network-shell"})


def check(item: PersistenceItem, scene: Scene) -> Iterator[Evidence]:
    yield from evidence(item, scene, _KINDS)


INDICATOR = Indicator(
    id="persistence-network-shell",
    title="a start-up item ties a shell to a connection",
    family="persistence-command",
    techniques=("T1059.004",),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=PersistenceItem,
    check=check,
    benign_if="a remote console that you set up",
    doc=__doc__,
)
