"""A value of the Registry holds encrypted, compressed or encoded data where none belongs.

What it looks for
-----------------
At least 200 bytes that are random-looking, encrypted, compressed or encoded, in a place that is
not known for such data by its path and its shape. Medium from 4 KB on, or when a script reads it;
low below.

Why it matters
--------------
Payloads and configurations are encrypted with keys that only the malware has. What they are
cannot be told, that they are there can.

What else looks like this
-------------------------
Tickets, licences and caches of Windows and Office are dense, too; those are known by place and
shape and are counted in the coverage. Licence data of other software is not known.

How to check by hand
--------------------
``reg query`` on the running machine; offline: ``triage image ROOT``, and any registry viewer on
the hive that the report names

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1027/013/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import RegistryValue
from triage.registry.looking import is_opaque
from triage.registry.words import chain_of, reg_query, state_words
from triage.scene import Scene

_LARGE = 4096


def check(item: RegistryValue, scene: Scene) -> Iterator[Evidence]:
    content = item.content
    if content is None or item.benign is not None or item.joined is not None:
        return
    closed = is_opaque(content) or "opaque-text" in item.traits
    if not closed or chain_of(content) or item.script:
        return
    entropy = "" if content.entropy is None else f", {content.entropy:.1f} bits a byte"
    facts = [f"{content.size} bytes of {content.detail or content.kind}{entropy}"]
    if "opaque-text" in item.traits:
        facts = [f"{content.size} bytes of encoded text that decode to random-looking bytes"]
    facts.append("this place is not known to hold such data")
    named = "read-by-a-loader" in item.traits
    if named:
        facts.append("a command or script on this image reads it")
    large = content.size >= _LARGE or named
    severity = Severity.MEDIUM if large else Severity.LOW
    yield Evidence((*facts, *state_words(item)), reg_query(item), severity)


INDICATOR = Indicator(
    id="registry-opaque",
    title="a value of the Registry holds data that nobody can read",
    family="registry-payload",
    techniques=("T1027.011", "T1027.013"),
    severity=Severity.MEDIUM,
    confidence=Confidence.WEAK,
    inspects=RegistryValue,
    check=check,
    benign_if="it is licence data, a cache or a ticket of software that you know",
    doc=__doc__,
)
