"""An autostart starts a script host with code of its own.

What it looks for
-----------------
PowerShell with code on its command line or with a hidden window, mshta, wscript, cscript, msbuild
and other programs that run what they are given, as an autostart; a registry read in such a
command.

Why it matters
--------------
Installed programs start themselves. A host that runs a script stands where a program should.

What else looks like this
-------------------------
Logon scripts of administrators and a few vendors' helpers: low when the script lies in a folder
that only administrators may write to.

How to check by hand
--------------------
Autoruns or ``reg query`` on the running machine; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1059/
* https://attack.mitre.org/techniques/T1218/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import AutostartItem
from triage.registry.words import excerpt, reg_query, state_words
from triage.scene import Scene
from triage.windows.traits import Trait

_HOSTS = frozenset(
    {"powershell", "pwsh", "mshta", "wscript", "cscript", "msbuild", "installutil", "regasm",
     "regsvcs", "forfiles", "pcalua", "odbcconf", "cmstp", "bash", "wsl", "python", "pythonw",
     "node", "java", "javaw", "autoit3", "scriptrunner", "wmic", "bitsadmin", "certutil"}
)  # fmt: skip
_WORSE = frozenset(
    {Trait.HIDDEN_WINDOW.value, Trait.IEX.value, Trait.REGISTRY_READ.value, Trait.DECODE.value,
     Trait.UNUSUAL_PLACE.value, Trait.ADS_TARGET.value, Trait.MEMORY_API.value}
)  # fmt: skip
#: Places where such commands are the purpose: what is typed, associations of file types.
_USUAL = frozenset({"run-mru", "shell-open", "gp-scripts", "gp-user-scripts", "app-paths"})


def check(item: AutostartItem, scene: Scene) -> Iterator[Evidence]:
    hosts = [name for name in item.starts if name in _HOSTS]
    if not hosts or (item.place in _USUAL and not _WORSE.intersection(item.traits)):
        return
    worse = sorted(_WORSE.intersection(item.traits))
    code = Trait.INLINE_CODE.value in item.traits
    severity = Severity.LOW
    if code or worse:
        severity = Severity.HIGH if code and worse else Severity.MEDIUM
    also = (f"what it does: {', '.join(worse)}",) if worse else ()
    facts = (f"it starts {excerpt(item.command)}", f"through {', '.join(hosts)}", *also)
    yield Evidence((*facts, *state_words(item)), reg_query(item), severity)


INDICATOR = Indicator(
    id="autostart-host",
    title="an autostart starts a script host",
    family="autostart-code",
    techniques=("T1547.001", "T1059"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=AutostartItem,
    check=check,
    benign_if="an administrator or a program that you know set it up, and the script is theirs",
    doc=__doc__,
)
