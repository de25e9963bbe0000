"""A file in memory hides a program or a script under encodings.

What it looks for
-----------------
Content that is something else after unwrapping (base64, hex, XOR, gzip, ... in any order) and
whose innermost layers hold a program, shellcode or a script. Text under base64 with an alphabet
that nobody knows is told by which letters stand where: medium. A script that carries such a payload
counts as what it carries: a program under an encoding and something else, in a place where a
program is high, is critical.

Why it matters
--------------
T1027.011 says that fileless data is often encrypted, encoded, spliced or otherwise obfuscated.
Nobody encodes an honest program twice.

What else looks like this
-------------------------
Archives of software (wheels, jars, packages) hold programs too: medium at most. Self-extracting
installers are a script before an archive, web pages carry compiled parts in their scripts: these
are no more than the script that they are.

How to check by hand
--------------------
``base64 -d PATH | file -``, or ``triage inspect PATH``

References
----------
* https://attack.mitre.org/techniques/T1027/013/
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import PROGRAM, SCRIPT, severity_in, verify, where
from triage.content.kinds import family
from triage.model import Confidence, Content, Evidence, Layer, MemoryFile, Severity
from triage.predicates.payloads import HIDING, hidden, in_words, is_program
from triage.scene import Scene


def chain_to(content: Content, layer: Layer) -> tuple[Layer, ...]:
    """The layers from the original bytes to one of them."""
    found = [layer]
    while found[0].parent is not None and len(found) <= len(content.layers):
        found.insert(0, content.layers[found[0].parent])
    return tuple(found)


def _in_own_alphabet(content: Content) -> bool:
    if content.kind != "text" or content.kept is None:
        return False
    from triage.content.secret_alphabet import hides_text

    return hides_text(content.kept)


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    if item.content is None or family(item.content.kind) == "executable":
        return
    if family(item.content.kind) == "script":
        yield from _carried(item, item.content, scene)
        return
    from triage.content.examine import payload  # a heavy module, and seldom needed

    inner = payload(item.content)
    severity = severity_in(SCRIPT, item, scene)
    if severity is not None and inner is None and _in_own_alphabet(item.content):
        severity = severity.at_most(Severity.MEDIUM)
        words = "text in base64 with an alphabet of its own, which nothing tells"
        yield Evidence((where(item), words), verify(item, scene), severity, Confidence.MODERATE)
        return
    if inner is None or inner.parent is None or severity is None:
        return
    chain = chain_to(item.content, inner)
    if any(family(layer.kind) == "archive" for layer in chain):
        severity = severity.at_most(Severity.MEDIUM)
    facts = (where(item), " > ".join(layer.kind for layer in chain), inner.detail)
    yield Evidence(tuple(filter(None, facts)), verify(item, scene), severity, Confidence.MODERATE)


def _carried(item: MemoryFile, content: Content, scene: Scene) -> Iterator[Evidence]:
    """A program that a script carries, encoded or compressed."""
    if len(content.layers) < 2 or content.confidence is Confidence.WEAK:
        return
    found = hidden(content)
    if found is None or content.kind == "javascript":
        return
    layer, chain = found
    wrapping = {family(each.kind) for each in chain[:-1]} & HIDING
    if not is_program(layer) or not wrapping:
        return
    severity = severity_in(SCRIPT if "encoded" not in wrapping else PROGRAM, item, scene)
    if severity is None:
        return
    if "archive" in wrapping:
        severity = severity.at_most(Severity.MEDIUM)
    elif severity is Severity.HIGH and "encoded" in wrapping and len(wrapping) > 1:
        severity = Severity.CRITICAL
    facts = (where(item), in_words(chain), layer.detail)
    yield Evidence(tuple(filter(None, facts)), verify(item, scene), severity, Confidence.MODERATE)


INDICATOR = Indicator(
    id="file-encoded-payload",
    title="a program or script under encodings in volatile storage",
    family="content",
    techniques=("T1027.013", "T1027.011", "T1140"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=MemoryFile,
    check=check,
    benign_if="an installer or a build that you know unpacks it from there",
    doc=__doc__,
)
