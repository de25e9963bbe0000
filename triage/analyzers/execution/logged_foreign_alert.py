"""Another tool's rule about code from memory fired.

What it looks for
-----------------
An event of Tracee or Falco that its own rule raised, where that rule is about fileless execution,
injection or code from shared memory: by the rule's name, id or ATT&CK tags. Weak: what the event
itself says is judged by the other indicators.

Why it matters
--------------
The tool saw it happen; an event may lack the fields that would let another judge it.

What else looks like this
-------------------------
Falco and Tracee fire on runc's clone of itself.

How to check by hand
--------------------
Read the event on the line that the finding names.

References
----------
* https://falco.org/docs/reference/rules/default-rules/
* https://aquasecurity.github.io/tracee/latest/docs/events/builtin/signatures/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import LogEvent
from triage.predicates.executions import is_memfd_text
from triage.predicates.logged import again, seen
from triage.scene import Scene


def check(event: LogEvent, scene: Scene) -> Iterator[Evidence]:
    if event.rule is None:
        return
    severity = Severity.LOW if is_memfd_text(event.exe) else None
    facts = (f"{event.source} raised: {event.rule}", *seen(event))
    yield Evidence(facts, again(event, scene), severity)


INDICATOR = Indicator(
    id="logged-foreign-alert",
    title="another tool raised an alert",
    family="alert",
    techniques=("T1620",),
    severity=Severity.MEDIUM,
    confidence=Confidence.WEAK,
    inspects=LogEvent,
    check=check,
    benign_if="the other tool's rule is known to fire on what ran here",
    doc=__doc__,
)
