"""A message queue holds unread data that nobody waits for.

What it looks for
-----------------
A POSIX message queue with at least 4 KiB unread that no process has open, or one with a hidden
name and anything in it. Messages are never taken out, so what they are stays unknown.

Why it matters
--------------
A queue is storage without a file: it stays until it is removed or the box restarts, even where
``/dev/mqueue`` is not mounted and no listing shows it.

What else looks like this
-------------------------
A queue between services one of which is stopped. Real-time applications that overflow.

How to check by hand
--------------------
``mount -t mqueue none /mnt; cat /mnt/QUEUE`` tells the fill; reading messages removes them

References
----------
* mq_overview(7)
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.kernel_stores import where
from triage.model import Confidence, Evidence, Severity
from triage.model_kernel_objects import IpcObject
from triage.scene import Scene

_LEAST = 1 << 12


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if item.store != "message-queue" or not item.size or item.holders:
        return
    hidden = item.name.startswith(".")
    if item.size < _LEAST and not hidden:
        return
    messages = item.fact("messages")
    facts = [where(item), f"{item.size} bytes unread in {messages or '?'} messages; no process"]
    facts[1] += " has it open"
    if hidden:
        facts.append("its name begins with a dot")
    severity = Severity.MEDIUM if hidden or item.size >= _LEAST * 16 else Severity.LOW
    yield Evidence(tuple(facts), "", severity)


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
