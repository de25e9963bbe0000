"""A field or message of a log holds an encoded program.

What it looks for
-----------------
A large value of a journal entry or an event, or a long argument of a recorded command, whose
decoding ended in an ELF image, shellcode, bytecode or a hidden script.

Why it matters
--------------
A journal is a store that nobody scans; and what was passed on a command line is still there when
the process is not.

What else looks like this
-------------------------
Crash reports, certificates, tokens and pictures: they decode to none of these.

How to check by hand
--------------------
``ausearch -i -if FILE -a SERIAL``, ``journalctl --file FILE``, or the line that the finding names

References
----------
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import LogEvent
from triage.predicates.logged import again, seen
from triage.predicates.payloads import hidden, in_words
from triage.scene import Scene


def check(event: LogEvent, scene: Scene) -> Iterator[Evidence]:
    found = hidden(event.content)
    if found is None:
        return
    layer, chain = found
    facts = (f"it holds a {layer.kind} of {layer.size} bytes: {in_words(chain)}", *seen(event))
    yield Evidence(facts, again(event, scene))


INDICATOR = Indicator(
    id="logged-payload",
    title="a log holds a payload",
    family="payload",
    techniques=("T1027.011", "T1027.013"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=LogEvent,
    check=check,
    benign_if="a program that you know logs its requests or objects in full",
    doc=__doc__,
)
