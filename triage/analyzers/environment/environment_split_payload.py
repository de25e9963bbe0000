"""A payload lies in parts in several environment variables.

What it looks for
-----------------
Variables whose names differ in a number or a letter (``P1``, ``P2``; ``X_A``, ``X_B``) and whose
values, joined in that order, are a program, shellcode or a script.

Why it matters
--------------
One variable is limited to 128 KiB, and a long one is noticed; parts of it are not.

What else looks like this
-------------------------
Nothing is known: numbered tokens and addresses do not make a program.

How to check by hand
--------------------
``tr '\\0' '\\n' < /proc/PID/environ | grep ^NAME``, values joined in order

References
----------
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.predicates.environment import inherited_from, joined, parts
from triage.predicates.stored_payloads import payload_of
from triage.scene import Scene


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    for group in parts(process):
        found = joined(group)
        payload = None if found is None else payload_of(found[1])
        if found is None or payload is None:
            continue
        facts = [f"{', '.join(found[0])} together: {payload.facts[0]}", *payload.facts[1:]]
        severity: Severity | None = None
        entry = f"{group[0][0]}={group[0][1].decode('utf-8', 'surrogateescape')}"
        parent = inherited_from(process, entry, scene)
        if parent is not None:
            facts.append(f"inherited from pid {parent}")
            severity = Severity.INFO
        yield Evidence(tuple(facts), f"tr '\\0' '\\n' < /proc/{process.pid}/environ", severity)


INDICATOR = Indicator(
    id="environment-split-payload",
    title="a payload is split over environment variables",
    family="environment",
    techniques=("T1027.011", "T1027", "T1140"),
    severity=Severity.CRITICAL,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="a program that you know passes its own code in parts",
    doc=__doc__,
)
