"""Something that starts by itself runs code that is kept where no file is.

What it looks for
-----------------
A command or script of a start-up item in which the output of ``keyctl``, ``getfattr``,
``printenv``, ``bpftool map``, a message queue or another process's environment reaches a shell, an
interpreter or ``eval``.

Why it matters
--------------
Keys, attributes, variables and queues are no files: scanners do not look there (T1027.011).

What else looks like this
-------------------------
Reading an attribute or a variable and using it as data; ``eval`` of what ``ssh-agent`` or
``dircolors`` print.

How to check by hand
--------------------
``cat`` the file that the finding names, below the image's root; then the script that it runs

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://man7.org/linux/man-pages/man1/keyctl.1.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import PersistenceItem
from triage.predicates.persistence import evidence
from triage.scene import Scene

_KINDS = frozenset({"store-fed"})


def check(item: PersistenceItem, scene: Scene) -> Iterator[Evidence]:
    yield from evidence(item, scene, _KINDS)


INDICATOR = Indicator(
    id="persistence-stored-code",
    title="a start-up item runs what a key, attribute or variable holds",
    family="persistence-command",
    techniques=("T1027.011", "T1059.004"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=PersistenceItem,
    check=check,
    benign_if="a setting that you know is kept there and is no code",
    doc=__doc__,
)
