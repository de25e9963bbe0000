"""An autostart runs what it reads from a store without a file.

What it looks for
-----------------
A command at a place that starts by itself reads the Registry, the WMI repository, an event log or
an environment variable, and runs what it reads: as script text, as an encoded command, or as a
program loaded from memory.

Why it matters
--------------
This is the loader of fileless malware: the payload lies in the store, the autostart is the one
line that brings it to life. Poweliks, Kovter, PowerShell Empire, Metasploit and Gootloader work
so.

What else looks like this
-------------------------
None is known. Management scripts read the Registry for settings, they do not run them.

How to check by hand
--------------------
Autoruns or ``reg query`` on the running machine; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1059/001/
* https://attack.mitre.org/techniques/T1547/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import AutostartItem
from triage.registry.words import excerpt, reg_query, state_words
from triage.scene import Scene
from triage.windows.traits import Trait

_FROM = {
    Trait.RUNS_REGISTRY.value: "it runs what it reads from the Registry",
    Trait.RUNS_WMI.value: "it runs what it reads from the WMI repository",
    Trait.RUNS_EVENTLOG.value: "it runs what it reads from an event log",
    Trait.RUNS_ENVIRONMENT.value: "it runs what it reads from an environment variable",
    Trait.RUNS_STREAM.value: "it runs what it reads from a file's alternate stream",
}


def check(item: AutostartItem, scene: Scene) -> Iterator[Evidence]:
    found = tuple(words for trait, words in _FROM.items() if trait in item.traits)
    if not found:
        return
    reads = tuple(f"it reads {one.key} :: {one.value or '*'}" for one in item.reads[:3])
    facts = (f"it starts {excerpt(item.command)}", *found, *reads, *state_words(item))
    yield Evidence(facts, reg_query(item))


INDICATOR = Indicator(
    id="autostart-loader",
    title="an autostart runs what it reads from the Registry or another store",
    family="autostart-code",
    techniques=("T1547.001", "T1027.011", "T1059.001"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=AutostartItem,
    check=check,
    benign_if="a script of yours keeps its own code there, and that is what it reads",
    doc=__doc__,
)
