"""Something that starts by itself runs a program or script from a volatile place.

What it looks for
-----------------
A systemd unit, timer or generator, a cron or at job, a boot, login, udev, PAM or package script
whose command runs a file in ``/dev/shm``, ``/run``, ``/var/lock``, ``/dev`` or ``/tmp``; directly,
as an interpreter's script, after ``cd``, through a variable or inside ``sh -c``. Also a script
that it starts; a variable or alias that makes others run or load it from there (``PATH``,
``EDITOR``, ``LESSOPEN``, ``NODE_OPTIONS``, the shell of an account); a mount that puts what lies
there over something else. In the initial RAM disk ``/run`` and ``/tmp`` count for little.

Why it matters
--------------
The place is empty after a reboot: something must put the program there first, and nothing of it is
left on the disk to find. A dead disk shows the item alone.

What else looks like this
-------------------------
Units that only create directories, sockets or process-id files there (``RuntimeDirectory=``,
``PIDFile=``) run nothing from it and are silent, as are programs that NixOS, initial RAM disks and
container managers keep in ``/run``. ``/tmp`` comes out medium.

How to check by hand
--------------------
``cat`` the file that the finding names, below the image's root; then the script that it runs

References
----------
* https://attack.mitre.org/techniques/T1543/002/
* https://attack.mitre.org/techniques/T1027/011/
* Atomic Red Team T1569.003: a systemd unit whose program lies in /dev/shm
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import PersistenceItem
from triage.predicates.persistence import evidence
from triage.scene import Scene

_KINDS = frozenset({"volatile"})


def check(item: PersistenceItem, scene: Scene) -> Iterator[Evidence]:
    yield from evidence(item, scene, _KINDS)


INDICATOR = Indicator(
    id="persistence-volatile-target",
    title="a start-up item runs something from a volatile place",
    family="persistence-target",
    techniques=("T1543.002", "T1053.003", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=PersistenceItem,
    check=check,
    benign_if="the package that owns the item puts the program there before it runs it",
    doc=__doc__,
)
