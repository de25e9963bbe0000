"""A process keeps data in the queue of a socket of its own.

What it looks for
-----------------
At least 4 KiB unread in a socket that only its own process can have filled: a UNIX socket, or one
of TCP or UDP on the loopback, of which the same processes have both ends, or whose other end is
gone. One short word over and over is nothing.

Why it matters
--------------
Such a queue is memory without a name: no file, no mapping. Whoever holds the socket takes the
bytes out when they are needed.

What else looks like this
-------------------------
Event loops wake themselves through a pair of sockets, a few bytes at a time. A process that was
stopped in the middle of its work leaves what it wrote. So it is low, unless the process itself has
no file that stays; what unwraps to a program is told by ``store-payload``.

How to check by hand
--------------------
``ss -aetuxp | grep INODE``: Recv-Q, and who has it

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://man7.org/linux/man-pages/man7/unix.7.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.predicates.kernel_stores import fileless, is_tokens, verify, where
from triage.scene import Scene

_LEAST = 4096


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if item.store != "socket-queue" or (item.size or 0) < _LEAST:
        return
    if item.content is None or is_tokens(item):
        return
    facts = [where(item), f"it holds {item.content.kind}"]
    severity = Severity.LOW
    reason = fileless(scene.processes.get(item.pids[0]) if item.pids else None, scene)
    if reason is not None:
        severity = Severity.HIGH
        facts.append(reason)
    yield Evidence(tuple(facts), verify(item), severity)


INDICATOR = Indicator(
    id="socket-store",
    title="keeps data in a socket of its own",
    family="store-payload",
    techniques=("T1027.011", "T1074.001"),
    severity=Severity.LOW,
    confidence=Confidence.MODERATE,
    inspects=IpcObject,
    check=check,
    benign_if="a program that was stopped before it read what it wrote",
    doc=__doc__,
)
