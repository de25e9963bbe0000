"""A payload lies in parts in several keys, socket names or attributes.

What it looks for
-----------------
Values that are nothing by themselves and, joined in the order of their names (or of their
making), are a program, shellcode or a script, encoded or not.

Why it matters
--------------
A key holds up to 32 KiB, a socket's name 107 bytes, an attribute 64 KiB: splitting gets past the
limits, and past whoever looks at one of them.

What else looks like this
-------------------------
Nothing is known: parts of ordinary names and tokens do not make a program.

How to check by hand
--------------------
``for k in SERIALS; do keyctl pipe $k; done | file -``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.predicates.kernel_stores import where
from triage.predicates.stored_payloads import payload_of
from triage.scene import Scene

_SHOWN = 240


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if not item.parts or item.content is None:
        return
    found = payload_of(item.content)
    facts: tuple[str, ...] = (f"joined, {item.content.size} bytes: {item.content.kind}",)
    if found is not None:
        facts = tuple(f"joined, {fact}" for fact in found.facts[:1]) + found.facts[1:]
    names = ", ".join(item.parts)
    shown = names if len(names) <= _SHOWN else f"{names[:_SHOWN]}…"
    yield Evidence((where(item), *facts, f"{len(item.parts)} parts: {shown}"))


INDICATOR = Indicator(
    id="store-split-payload",
    title="a payload is split over stores where no file is",
    family="store-payload",
    techniques=("T1027.011", "T1027", "T1140"),
    severity=Severity.CRITICAL,
    confidence=Confidence.MODERATE,
    inspects=IpcObject,
    check=check,
    benign_if="a program that you know stores its own code in parts there",
    doc=__doc__,
)
