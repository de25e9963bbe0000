"""The last write of a key cannot be, or was set.

What it looks for
-----------------
A last-write time before 1995 or after 2080, and one on a whole second in a hive whose other keys
are hardly ever written then (Windows writes times to 100 nanoseconds).

Why it matters
--------------
Times are set by programs that want a key to look old. By itself it says little.

What else looks like this
-------------------------
A machine whose clock was wrong. Whole seconds: none of 130,000 keys of 13 real hives; where a clock
ticks in milliseconds the indicator is silent.

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``, and any registry viewer on
the hive that the report names

References
----------
* https://attack.mitre.org/techniques/T1070/006/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryKey
from triage.registry.words import state_words
from triage.scene import Scene


def check(item: RegistryKey, scene: Scene) -> Iterator[Evidence]:
    if {"impossible-time", "set-time"}.intersection(item.traits):
        words = tuple(text for text in item.details if text.startswith("last written"))
        yield Evidence((*words, *state_words(item)))


INDICATOR = Indicator(
    id="registry-time",
    title="the last write of a key cannot be, or was set",
    family="registry-time",
    techniques=("T1070.006",),
    severity=Severity.LOW,
    confidence=Confidence.WEAK,
    inspects=RegistryKey,
    check=check,
    benign_if="the clock of the machine was wrong at that time",
    doc=__doc__,
)
