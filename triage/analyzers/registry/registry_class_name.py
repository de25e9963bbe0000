"""The class name of a key holds data.

What it looks for
-----------------
A class name of more than 64 characters, with characters that are not printable, or that is or
unwraps to a program, shellcode or a script.

Why it matters
--------------
Every key may have a class name that hardly any tool shows. On clean systems few keys have one, of
at most 32 characters.

What else looks like this
-------------------------
None in 34 real hives (1,518 keys have a class name).

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``, and any registry viewer on
the hive that the report names

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://learn.microsoft.com/windows/win32/api/winreg/nf-winreg-regcreatekeyexw
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryKey
from triage.registry.words import chain_of, in_words, state_words
from triage.scene import Scene


def check(item: RegistryKey, scene: Scene) -> Iterator[Evidence]:
    if "data-in-class-name" not in item.traits:
        return
    chain = () if item.content is None else chain_of(item.content)
    holds = (f"it holds {in_words(chain)}",) if chain else ()
    words = tuple(text for text in item.details if text.startswith("its class name"))
    severity = Severity.CRITICAL if chain else Severity.HIGH
    yield Evidence((*words, *holds, *state_words(item)), "", severity)


INDICATOR = Indicator(
    id="registry-class-name",
    title="the class name of a key holds data",
    family="registry-payload",
    techniques=("T1027.011", "T1112"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=RegistryKey,
    check=check,
    benign_if="a program that you know marks its keys so",
    doc=__doc__,
)
