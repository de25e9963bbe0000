"""An autostart carries code in its command line.

What it looks for
-----------------
``javascript:`` or ``vbscript:`` given to rundll32 or mshta, mshtml's RunHTMLApplication,
scriptlets given to scrobj, code that loads assemblies from memory or runs shellcode, that
switches off the script scanner, a program or shellcode inside the command, a dump of lsass.

Why it matters
--------------
Each of these runs code that lies in no file. Signed programs of Windows do the work.

What else looks like this
-------------------------
regsvr32 with scrobj and a local scriptlet occurs in old installers: high, not critical.

How to check by hand
--------------------
Autoruns or ``reg query`` on the running machine; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1218/011/
* https://attack.mitre.org/techniques/T1218/005/
* https://attack.mitre.org/techniques/T1218/010/
* https://attack.mitre.org/techniques/T1620/
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
    Trait.JAVASCRIPT_URL.value: "a script in the form of an address (javascript:, vbscript:)",
    Trait.RUNHTMLAPPLICATION.value: "mshtml is made to run a page",
    Trait.REMOTE_SCRIPTLET.value: "a scriptlet from the network",
    Trait.SCRIPTLET.value: "a scriptlet is run by scrobj",
    Trait.REFLECTIVE_LOAD.value: "a .NET assembly is loaded from memory",
    Trait.SHELLCODE_RUNNER.value: "memory is allocated, filled and run",
    Trait.AMSI_TAMPER.value: "the scanner of scripts is tampered with",
    Trait.CARRIES_PAYLOAD.value: "the command itself holds a program or shellcode",
    Trait.MINIDUMP.value: "the memory of a process is dumped",
}


def check(item: AutostartItem, scene: Scene) -> Iterator[Evidence]:
    found = [(trait, words) for trait, words in _WORDS.items() if trait in item.traits]
    if not found:
        return
    only = [trait for trait, _ in found] == [Trait.SCRIPTLET.value]
    facts = (f"it starts {excerpt(item.command)}", *(words for _, words in found))
    severity = Severity.HIGH if only else Severity.CRITICAL
    yield Evidence((*facts, *state_words(item)), reg_query(item), severity)


INDICATOR = Indicator(
    id="autostart-code",
    title="an autostart carries code in its command line",
    family="autostart-code",
    techniques=("T1547.001", "T1218", "T1059", "T1620"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=AutostartItem,
    check=check,
    benign_if="an installer of yours registers a scriptlet that lies in its own folder",
    doc=__doc__,
)
