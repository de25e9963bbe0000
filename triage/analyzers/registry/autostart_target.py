"""An autostart runs something from where no program is installed.

What it looks for
-----------------
A program, library or script in a temporary or public folder, directly in a profile's or
ProgramData's top, in the recycle bin, in a stream of a file, behind a device path, on a share; a
library with another file ending; a program with the name of one of Windows' own in another
folder.

Why it matters
--------------
What any user may write to is where malware lies. Folders of installed programs are not.

What else looks like this
-------------------------
Set-up programs register a clean-up in the temporary folder for the next logon; some programs
install themselves into a profile, below a folder of their own, which does not count.

How to check by hand
--------------------
Autoruns or ``reg query`` on the running machine; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1547/001/
* https://attack.mitre.org/techniques/T1036/005/
* https://attack.mitre.org/techniques/T1564/004/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import AutostartItem
from triage.registry.words import excerpt, reg_query, state_words
from triage.scene import Scene
from triage.windows.traits import Trait

_WORDS = {
    Trait.ADS_TARGET.value: ("it lies in a stream of another file", Severity.HIGH),
    Trait.DEVICE_TARGET.value: ("its path leads around the file system's names", Severity.HIGH),
    Trait.MASQUERADE.value: ("it has the name of a program of Windows", Severity.HIGH),
    Trait.ODD_ENDING.value: ("a library is called as if it were something else", Severity.MEDIUM),
    Trait.UNUSUAL_PLACE.value: ("it lies where no program is installed", Severity.MEDIUM),
    Trait.UNC_TARGET.value: ("it lies on another machine", Severity.LOW),
}
#: Users type and pin what they like; log files and clean-ups name folders, too.
_SKIPPED = frozenset({"run-mru", "service-failure"})
_CLEANS = ("del ", "rmdir ", "rd ", "delnoderundll32", "erase ")


def check(item: AutostartItem, scene: Scene) -> Iterator[Evidence]:
    found = [_WORDS[trait] for trait in _WORDS if trait in item.traits]
    if not found or item.place in _SKIPPED:
        return
    low = item.command.lower()
    severity = max((severity for _, severity in found), key=lambda s: s.points)
    if any(word in low for word in _CLEANS) and severity is Severity.MEDIUM:
        severity = Severity.LOW
    facts = (f"it starts {excerpt(item.command)}", *(words for words, _ in found))
    yield Evidence((*facts, *state_words(item)), reg_query(item), severity)


INDICATOR = Indicator(
    id="autostart-target",
    title="an autostart runs something from an unusual place",
    family="autostart-target",
    techniques=("T1547.001", "T1036.005", "T1564.004"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=AutostartItem,
    check=check,
    benign_if="you know the program, and that it is installed there",
    doc=__doc__,
)
