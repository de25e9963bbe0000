"""The command of an autostart is encoded or hides its words.

What it looks for
-----------------
PowerShell's ``-EncodedCommand`` under any of its abbreviations, words hidden by carets, quotes,
pieces put together or letters of variables, or blanks that push the end of a command out of
sight.

Why it matters
--------------
Nobody reads base64. Critical when what it decodes to downloads, runs text as code or loads from
memory; high otherwise.

What else looks like this
-------------------------
Deployment tools encode a command to spare themselves quoting; those run once and are no
autostarts.

How to check by hand
--------------------
Autoruns or ``reg query`` on the running machine; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1027/010/
* https://attack.mitre.org/techniques/T1059/001/
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
    Trait.ENCODED_COMMAND.value: "the command is encoded",
    Trait.OBFUSCATED.value: "telling words are hidden by carets, quotes, pieces or variables",
    Trait.PADDED.value: "blanks push the end of the command out of sight",
}
_WORSE = frozenset({Trait.DOWNLOAD.value, Trait.IEX.value, Trait.HIDDEN_WINDOW.value})


def check(item: AutostartItem, scene: Scene) -> Iterator[Evidence]:
    found = [words for trait, words in _WORDS.items() if trait in item.traits]
    if not found:
        return
    decoded = tuple(f"decoded: {excerpt(text)}" for text in item.scripts[:2])
    worse = len(_WORSE.intersection(item.traits)) >= 2 and bool(item.scripts)
    facts = (f"it starts {excerpt(item.command)}", *found, *decoded, *state_words(item))
    yield Evidence(facts, reg_query(item), Severity.CRITICAL if worse else Severity.HIGH)


INDICATOR = Indicator(
    id="autostart-encoded",
    title="the command of an autostart is encoded or hides its words",
    family="autostart-code",
    techniques=("T1547.001", "T1027.010"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=AutostartItem,
    check=check,
    benign_if="a deployment tool that you know set it, and it decodes to that tool's command",
    doc=__doc__,
)
