"""An environment variable holds much that shows nothing.

What it looks for
-----------------
A value of at least 2 KiB that is encoded and unwraps to encrypted, compressed or random bytes.

Why it matters
--------------
A payload whose key is elsewhere looks like this.

What else looks like this
-------------------------
Certificates and keys in base64 unwrap to certificates and keys; tokens are shorter; kubeconfigs
and service account files are text. Compressed state that a tool passes to its children: low.

How to check by hand
--------------------
``tr '\\0' '\\n' < /proc/PID/environ | grep ^NAME= | cut -d= -f2- | base64 -d | file -``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1027/013/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.content.kinds import family
from triage.model import Confidence, Content, Evidence, Process, Severity
from triage.predicates.environment import content_of, inherited_from, variables, worth_a_look
from triage.predicates.payloads import hidden, in_words
from triage.predicates.stored_payloads import is_dense
from triage.scene import Scene

_LEAST = 2048


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    for name, value in variables(process):
        if len(value) < _LEAST or not worth_a_look(value):
            continue
        words = _opaque(value, content_of(value))
        if words is None:
            continue
        parent = inherited_from(process, f"{name}={value}", scene)
        facts = [f"{name} ({len(value)} characters): {words}"]
        if parent is not None:
            facts.append(f"inherited from pid {parent}")
        severity = Severity.INFO if parent is not None else None
        yield Evidence(tuple(facts), f"tr '\\0' '\\n' < /proc/{process.pid}/environ", severity)


def _opaque(value: str, content: Content) -> str | None:
    """The last layers, where they end in something opaque and hold no payload."""
    if not content.layers or hidden(content) is not None:
        return None
    if len(content.layers) == 1 and is_dense(value.encode("utf-8", "surrogateescape")):
        return "one encoding, which decodes to nothing known"
    last = content.layers[-1]
    if last.kind == "random" or family(last.kind) in ("encrypted", "compressed", "encoded"):
        chain = [last]
        while chain[0].parent is not None:
            chain.insert(0, content.layers[chain[0].parent])
        return in_words(tuple(chain))
    return None


INDICATOR = Indicator(
    id="environment-opaque",
    title="an environment variable holds opaque data",
    family="environment",
    techniques=("T1027.011", "T1027.013"),
    severity=Severity.LOW,
    confidence=Confidence.WEAK,
    inspects=Process,
    check=check,
    benign_if="a program that you know passes compressed or encrypted state this way",
    doc=__doc__,
)
