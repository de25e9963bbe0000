"""A place that hijacks other programs has an entry.

What it looks for
-----------------
An entry other than Windows' own at a place that makes other programs start or load something:
debuggers of programs (IFEO), what runs when programs end, AppInit and AppCert libraries, LSA
packages, print monitors, netsh helpers, time providers, profilers and domain managers of .NET,
logon scripts, per-user commands of programs that run elevated, and others; .NET's event tracing
switched off.

Why it matters
--------------
These places are known to few and used by fewer. The severity is that of the place.

What else looks like this
-------------------------
Debuggers and monitoring agents set some of them. The list of what is usual comes from clean
systems and public documentation.

How to check by hand
--------------------
Autoruns or ``reg query`` on the running machine; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1546/
* https://attack.mitre.org/techniques/T1547/
* https://attack.mitre.org/techniques/T1574/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import AutostartItem
from triage.registry.autostart_places import places
from triage.registry.words import excerpt, reg_query, state_words
from triage.scene import Scene

#: Programs that anyone may start before logging on: a debugger of one of them is a back door.
_BEFORE_LOGON = frozenset(
    {"sethc.exe", "utilman.exe", "osk.exe", "narrator.exe", "magnify.exe", "displayswitch.exe",
     "atbroker.exe"}
)  # fmt: skip


def check(item: AutostartItem, scene: Scene) -> Iterator[Evidence]:
    place = places().get(item.place)
    if place is None or place.rare is None:
        return
    facts = (
        f"{place.what}: {excerpt(item.command)}",
        f"{place.technique}: {place.source}",
        *state_words(item),
    )
    severity = place.rare
    if place.id == "ifeo-debugger" and item.key.rpartition("\\")[2].lower() in _BEFORE_LOGON:
        severity = Severity.HIGH
    yield Evidence(facts, reg_query(item), severity)


INDICATOR = Indicator(
    id="autostart-place",
    title="a place that is hardly ever used starts or loads something",
    family="autostart-place",
    techniques=("T1546", "T1547", "T1574"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=AutostartItem,
    check=check,
    benign_if="software that you installed registers itself there",
    doc=__doc__,
)
