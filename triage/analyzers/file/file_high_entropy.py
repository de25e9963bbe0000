"""A file in memory is indistinguishable from random bytes.

What it looks for
-----------------
Four kilobytes or more that pass a statistical test for encrypted or compressed data and have no
format of their own.

Why it matters
--------------
A headerless encrypted payload looks like nothing else. On its own it is weak evidence.

What else looks like this
-------------------------
Numeric tensors, media and compressed caches in shared memory; known names of libraries' segments
lower it to information.

How to check by hand
--------------------
``ent PATH; xxd PATH | head``

References
----------
* https://attack.mitre.org/techniques/T1027/013/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import base_name, place_of, verify, where
from triage.knowledge import match
from triage.model import Confidence, Evidence, MemoryFile, Severity
from triage.scene import Scene

_LEAST = 4096


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    content = item.content
    if content is None or content.kind != "random" or content.size < _LEAST:
        return
    place = place_of(item, scene)
    if place is None or place in ("tmp", "anonymous"):
        return
    known = match("look_alikes", "data_names", base_name(item))
    facts = [where(item)]
    if content.entropy is not None:
        error = "" if content.entropy_error is None else f" ± {content.entropy_error:.2f}"
        facts.append(f"entropy {content.entropy:.2f}{error} bits per byte, no known format")
    if known is not None:
        facts.append(f"the name is that of {known.what}")
    severity = Severity.LOW if known is None else Severity.INFO
    yield Evidence(tuple(facts), verify(item, scene), severity)


INDICATOR = Indicator(
    id="file-high-entropy",
    title="random-looking data in volatile storage",
    family="entropy",
    techniques=("T1027.011", "T1027.013"),
    severity=Severity.LOW,
    confidence=Confidence.WEAK,
    inspects=MemoryFile,
    check=check,
    benign_if="the program that holds it passes compressed or numeric data through memory",
    doc=__doc__,
)
