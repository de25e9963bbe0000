"""A start-up item carries an encoded program.

What it looks for
-----------------
A variable, an argument, a line or a script of a start-up item that holds an encoded program or
script: the decoding of its content ended in an ELF image, shellcode, bytecode or a script.

Why it matters
--------------
A payload may lie in the very line that starts it: in a crontab's variable, in ``Environment=``, in
a ``tmpfiles.d`` line that writes it to memory at boot.

What else looks like this
-------------------------
Certificates, tokens and pictures in base64: what they decode to is none of these.

How to check by hand
--------------------
``cat`` the file that the finding names, below the image's root; then the script that it runs

References
----------
* https://attack.mitre.org/techniques/T1027/013/
* https://www.freedesktop.org/software/systemd/man/latest/tmpfiles.d.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Content, Evidence, Severity
from triage.model.linux_image import PersistenceItem
from triage.predicates.payloads import hidden, in_words
from triage.predicates.persistence import verify, what
from triage.scene import Scene


def check(item: PersistenceItem, scene: Scene) -> Iterator[Evidence]:
    for content, where in ((item.content, "it"), (item.target_content, "what it runs")):
        facts = _facts(content, where)
        if facts:
            yield Evidence((*facts, f"in {what(item)}"), verify(item, scene))
            return


def _facts(content: Content | None, where: str) -> tuple[str, ...]:
    found = hidden(content)
    if content is None or found is None:
        return ()
    layer, chain = found
    if len(chain) < 2:
        return ()
    return (f"{where} holds a hidden {layer.kind}: {in_words(chain)}", f"{layer.size} bytes")


INDICATOR = Indicator(
    id="persistence-payload",
    title="a start-up item carries an encoded program",
    family="persistence-payload",
    techniques=("T1027.013", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=PersistenceItem,
    check=check,
    benign_if="an installer that you know carries its program in itself",
    doc=__doc__,
)
