"""A message queue holds unread data that nobody waits for.

What it looks for
-----------------
A POSIX message queue with at least 4 KiB unread that no process has open, or at least 32 KiB that
only one process has open (with the usual limits a queue holds 80 KiB at most), or one with a hidden
name and anything in it. Its messages are never taken out, so what they are stays unknown. A SysV
message queue with at least 4 KiB whose last sender and reader have both ended.

Why it matters
--------------
A queue is storage without a file: it stays until it is removed or the box restarts, even where
``/dev/mqueue`` is not mounted and no listing shows it.

What else looks like this
-------------------------
A queue between services one of which is stopped. Real-time applications that overflow; their queues
are open in at least two processes.

How to check by hand
--------------------
``mount -t mqueue none /mnt; cat /mnt/QUEUE`` tells the fill; reading messages removes them.
``ipcs -q -p``

References
----------
* mq_overview(7)
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.predicates.kernel_stores import verify, where
from triage.scene import Scene

_LEAST, _LEAST_HELD = 1 << 12, 1 << 15


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if item.store == "sysv-queue":
        yield from _sysv(item, scene)
    if item.store != "message-queue" or not item.size:
        return
    hidden = item.name.startswith(".")
    pids = {holder.pid for holder in item.holders}
    if len(pids) > 1 or item.size < (_LEAST_HELD if pids else 1 if hidden else _LEAST):
        return
    who = f"only pid {min(pids)} has it open" if pids else "no process has it open"
    messages = item.fact("messages") or "?"
    facts = [where(item), f"{item.size} bytes unread in {messages} messages; {who}"]
    if hidden:
        facts.append("its name begins with a dot")
    large = item.size >= _LEAST * 16 and not pids
    yield Evidence(tuple(facts), "", Severity.MEDIUM if hidden or large else Severity.LOW)


def _sysv(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if (item.size or 0) < _LEAST or any(pid in scene.processes for pid in item.pids):
        return
    messages = item.fact("messages") or "?"
    facts = (
        where(item),
        f"{item.size} bytes unread in {messages} messages; who sent and who read last has ended",
    )
    yield Evidence(facts, verify(item))


INDICATOR = Indicator(
    id="queue-unread",
    title="a message queue holds data that nobody reads",
    family="store-state",
    techniques=("T1027.011",),
    severity=Severity.LOW,
    confidence=Confidence.WEAK,
    inspects=IpcObject,
    check=check,
    benign_if="a service that reads it is stopped at the moment",
    doc=__doc__,
)
