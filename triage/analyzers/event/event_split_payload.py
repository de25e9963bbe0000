"""Pieces of a payload lie in successive events.

What it looks for
-----------------
Data of several records of one source that makes a program, shellcode or a script when it is put
together in their order; names of services installed one after the other count as well.

Why it matters
--------------
An event holds 32 thousand characters: what is larger is cut, 8 KB by 8 KB in the known case, and
put together again by the loader. No piece shows what it is.

What else looks like this
-------------------------
None known: a join counts only when it reveals what no piece is by itself.

How to check by hand
--------------------
``triage carve SNAPSHOT --subject ID -d DIR`` writes the joined bytes

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://securelist.com/a-new-secret-stash-for-fileless-malware/106393/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import chain, excerpt, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "stored-parts" or event.joined is None:
        return
    what = f"{event.count} records together are {chain(event.joined)}"
    where = f"in {event.text('field')} of {event.provider} event {event.event_id}, {event.channel}"
    parts = excerpt(", ".join(event.parts[:8]))
    yield Evidence((what, where, f"in the order of {event.text('order')}: {parts}"), verify(event))


INDICATOR = Indicator(
    id="event-split-payload",
    title="pieces of a payload lie in successive events",
    family="event-payload",
    techniques=("T1027.011", "T1140"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=EventRecord,
    check=check,
    benign_if="never seen in good use: a program cut over event records",
    doc=__doc__,
)
