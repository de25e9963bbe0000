"""A Sigma rule of the user's matches an event.

What it looks for
-----------------
The user's own rules (``--sigma DIR``) over every record of every event log. The rule gives the
severity; its id, level and tags are told.

Why it matters
--------------
Communities write down what they saw within days; a rule knows a tool by what it leaves in logs.

What else looks like this
-------------------------
Whatever else the rule matches: that is between the rule and its author. Rules that say they are
experimental, deprecated or unsupported are weak evidence here.

How to check by hand
--------------------
read the rule's ``falsepositives`` and the record itself

References
----------
* https://sigmahq.io/docs/basics/rules.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.words import excerpt, verify, when
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene
from triage.sigma.rule import severity_of

_OF_RULE = ("rule", "rule_id", "level", "status", "tags", "file")
#: What a rule says of itself before it was tried for long, or after it was given up.
_TRIED = frozenset({"experimental", "deprecated", "unsupported"})


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act != "sigma-rule":
        return
    level, status = event.text("level") or "", event.text("status") or ""
    of_rule = [
        f"{name.replace('_', ' ')}: {excerpt(text)}"
        for name in _OF_RULE
        if (text := event.text(name))
    ]
    matched = [f"{f.name}: {excerpt(f.text)}" for f in event.fields if f.name not in _OF_RULE]
    confidence = Confidence.WEAK if status in _TRIED else Confidence.MODERATE
    facts = (*of_rule, *matched[:8], when(event))
    yield Evidence(facts, verify(event), severity_of(level), confidence)


INDICATOR = Indicator(
    id="event-sigma-rule",
    title="matches a Sigma rule",
    family="sigma",
    techniques=(),
    severity=Severity.MEDIUM,
    confidence=Confidence.WEAK,
    inspects=EventRecord,
    check=check,
    benign_if="it is one of the false positives that the rule names",
    doc=__doc__,
)
