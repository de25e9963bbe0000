"""A user's COM class covers one of the machine.

What it looks for
-----------------
A server in a user's own classes for a COM class that the machine serves from another file.

Why it matters
--------------
Programs that ask for the class load the user's file instead: no right is needed to set it up, and
nothing new starts.

What else looks like this
-------------------------
Programs that install for one user bring newer versions of their own classes (OneDrive): low when
the file lies in a folder of an installed program, medium when the machine's own file is no part of
Windows.

How to check by hand
--------------------
Autoruns or ``reg query`` on the running machine; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1546/015/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import AutostartItem
from triage.registry.words import excerpt, reg_query, state_words
from triage.scene import Scene
from triage.windows.traits import Trait

_INSTALLED = ("\\appdata\\local\\microsoft\\onedrive\\", "\\program files", "\\windows\\system32\\")


def check(item: AutostartItem, scene: Scene) -> Iterator[Evidence]:
    if item.machine is None or item.machine.strip('"').lower() == item.command.strip('"').lower():
        return
    installed = any(part in item.command.lower() for part in _INSTALLED)
    facts = (
        f"the user's: {excerpt(item.command)}",
        f"the machine's: {excerpt(item.machine)}",
        *state_words(item),
    )
    severity = Severity.LOW
    if Trait.USER_WRITABLE_TARGET.value in item.traits and not installed:
        windows = "\\system32\\" in item.machine.lower() or "\\syswow64\\" in item.machine.lower()
        severity = Severity.HIGH if windows else Severity.MEDIUM
    yield Evidence(facts, reg_query(item), severity)


INDICATOR = Indicator(
    id="autostart-com-override",
    title="a user's COM class covers one of the machine",
    family="autostart-place",
    techniques=("T1546.015",),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=AutostartItem,
    check=check,
    benign_if="the program was installed for this user and brings its own version of the class",
    doc=__doc__,
)
