"""A DNS answer carried text.

What it looks for
-----------------
Sysmon's event 22 with a TXT record in the answer; medium, when it is nothing but encoded data and
a shell or a program of Windows that resolves no texts asked for it.

Why it matters
--------------
Stages and commands are kept in TXT records: a store on the network that leaves no file.

What else looks like this
-------------------------
Mail servers and agents that check policies (SPF, DKIM).

How to check by hand
--------------------
ask for the record again, from elsewhere

References
----------
* https://attack.mitre.org/techniques/T1071/004/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import told, verify
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act == "dns-text":
        facts = told(event, ("name", "query"), ("answer", "data"), ("by", "image"))
        if {"encoded", "by-shell"} <= set(event.traits):
            words = "nothing but encoded data, asked for by a program that runs what it is given"
            sure = Confidence.MODERATE
            yield Evidence((words, *facts), verify(event), Severity.MEDIUM, sure)
        else:
            yield Evidence(facts, verify(event))


INDICATOR = Indicator(
    id="event-dns-text",
    title="a DNS answer carried text",
    family="event-dns",
    techniques=("T1071.004",),
    severity=Severity.LOW,
    confidence=Confidence.WEAK,
    inspects=EventRecord,
    check=check,
    benign_if="the program is a mail server or checks a policy",
    doc=__doc__,
)
