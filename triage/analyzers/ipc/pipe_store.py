"""A process keeps kilobytes in a pipe of which it has both ends.

What it looks for
-----------------
Pipes that only one process holds, both ends of them, with at least 4 KiB unread that are not one
token over and over. What they hold is copied (``tee``) and examined without taking it out.

Why it matters
--------------
A pipe is up to a megabyte of kernel memory (for root as much as it likes) that has no name, is in
no mapping of the process, and goes with the last descriptor. Whoever fills one and keeps both ends
keeps something there.

What else looks like this
-------------------------
Event loops wake themselves through such a pipe: a byte at a time, all the same, hardly ever
thousands. Programs that capture their own output hold it there until they read it.

How to check by hand
--------------------
``ls -l /proc/PID/fd | grep pipe``, then ``grep flags /proc/PID/fdinfo/*`` for the two ends

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* pipe(7), tee(2), pidfd_getfd(2)
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
    if item.store != "pipe" or "both ends" not in item.traits or (item.size or 0) < _LEAST:
        return
    if item.content is None or is_tokens(item):
        return
    facts = [where(item), f"it holds {item.content.kind}; {item.fact('capacity')} bytes would fit"]
    severity = Severity.LOW
    holder = scene.processes.get(item.pids[0]) if item.pids else None
    reason = fileless(holder, scene)
    if reason is not None:
        severity = Severity.HIGH
        facts.append(reason)
    yield Evidence(tuple(facts), verify(item), severity)


INDICATOR = Indicator(
    id="pipe-store",
    title="keeps data in a pipe of its own",
    family="store-payload",
    techniques=("T1027.011", "T1074.001"),
    severity=Severity.LOW,
    confidence=Confidence.MODERATE,
    inspects=IpcObject,
    check=check,
    benign_if="a program that captures its own output and has yet to read it",
    doc=__doc__,
)
