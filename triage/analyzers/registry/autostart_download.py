"""An autostart fetches what it runs from the network.

What it looks for
-----------------
A command that downloads and runs text, hands an address to a program that runs what it gets
(mshta, msiexec, regsvr32, rundll32), or names a WebDAV share.

Why it matters
--------------
The payload stays on the network; nothing but this line is on the disk.

What else looks like this
-------------------------
Start pages given to a browser are no finding: only programs that run what they fetch count.

How to check by hand
--------------------
Autoruns or ``reg query`` on the running machine; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1105/
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
    {"powershell", "pwsh", "mshta", "regsvr32", "rundll32", "msiexec", "wscript", "cscript", "cmd",
     "certutil", "bitsadmin", "wmic", "msbuild", "installutil", "curl", "hh", "odbcconf", "cmstp"}
)  # fmt: skip


def check(item: AutostartItem, scene: Scene) -> Iterator[Evidence]:
    fetches = Trait.DOWNLOAD.value in item.traits
    address = Trait.URL_TARGET.value in item.traits and bool(_HOSTS.intersection(item.starts))
    if not fetches and not address:
        return
    targets = tuple(f"from {excerpt(t, 100)}" for t in item.targets if "://" in t)[:2]
    runs = (Trait.IEX.value in item.traits) or Trait.REFLECTIVE_LOAD.value in item.traits
    words = "it runs what it fetches as code" if runs else "it fetches from the network"
    facts = (f"it starts {excerpt(item.command)}", words, *targets, *state_words(item))
    yield Evidence(facts, reg_query(item), Severity.CRITICAL if runs else Severity.HIGH)


INDICATOR = Indicator(
    id="autostart-download",
    title="an autostart fetches what it runs from the network",
    family="autostart-code",
    techniques=("T1547.001", "T1105"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=AutostartItem,
    check=check,
    benign_if="an updater that you know fetches its own files",
    doc=__doc__,
)
