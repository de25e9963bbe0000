"""An autostart hides from the tools.

What it looks for
-----------------
A NUL, blanks, invisible or turning characters in the name of an autostart's value, a command in
the default value of a Run key, a command stored as binary data, a scheduled task without the
security descriptor that tools need to list it, or whose file is missing or tells another command
than the task cache.

Why it matters
--------------
Poweliks and Kovter start from a value that regedit cannot show; Tarrask deletes a task's
descriptor, so that schtasks does not list it and it still runs; a task written only into the task
cache has no file that anybody would read.

What else looks like this
-------------------------
None in 34 real hives.

How to check by hand
--------------------
Autoruns or ``reg query`` on the running machine; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1112/
* https://attack.mitre.org/techniques/T1564/
* https://attack.mitre.org/techniques/T1053/005/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import AutostartItem
from triage.registry.words import excerpt, reg_query, state_words
from triage.scene import Scene

_WORDS = {
    "null-in-name": ("its name has a NUL", Severity.CRITICAL),
    "control-in-name": ("its name has control characters", Severity.HIGH),
    "bidi-in-name": ("its name turns the direction of text around", Severity.HIGH),
    "invisible-in-name": ("its name has characters that nobody sees", Severity.HIGH),
    "blank-name": ("its name consists of blanks", Severity.HIGH),
    "encoded-name": ("its name is encoded data", Severity.HIGH),
    "default-value": ("it is the default value of the key", Severity.HIGH),
    "not-text": ("the command is not stored as text", Severity.MEDIUM),
    "no-descriptor": ("the task has no security descriptor: no tool lists it", Severity.HIGH),
    "no-file": ("the task has no file: what reads the folder of tasks misses it", Severity.MEDIUM),
    "no-file-ordinary": ("the task, one of Windows' own programs, has no file", Severity.LOW),
    "differs-from-cache": (
        "its file tells another command than the task cache, which is what runs",
        Severity.MEDIUM,
    ),
    "not-in-cache": ("the task cache does not know this task: it does not run", Severity.LOW),
    "no-branch": ("the task has no entry in the tree of tasks", Severity.LOW),
}


def check(item: AutostartItem, scene: Scene) -> Iterator[Evidence]:
    found = [_WORDS[trait] for trait in item.traits if trait in _WORDS]
    if not found:
        return
    severity = max((severity for _, severity in found), key=lambda s: s.points)
    facts = (*(words for words, _ in found), f"it starts {excerpt(item.command)}")
    yield Evidence((*facts, *state_words(item)), reg_query(item), severity)


INDICATOR = Indicator(
    id="autostart-hidden",
    title="an autostart hides from the tools",
    family="autostart-form",
    techniques=("T1112", "T1564"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=AutostartItem,
    check=check,
    benign_if="a test of yours made it",
    doc=__doc__,
)
