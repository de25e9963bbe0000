"""A file in memory is compiled code for a virtual machine: Java, Android, WebAssembly, Python, Lua.

What it looks for
-----------------
A validated class file, DEX, WebAssembly module, compiled Python or Lua in a place where
``file-elf`` would look.

Why it matters
--------------
The machine that runs it is an honest program on disk; the code itself is in no package. Agents and
in-memory web shells for Java are class files.

What else looks like this
-------------------------
Runtimes that keep compiled code in a cache on tmpfs (``__pycache__`` beside a script, generated
classes); build directories. Below ``/tmp`` it is low.

How to check by hand
--------------------
``file PATH; sha256sum PATH``; ``javap -c``, ``python3 -m dis`` or ``wasm2wat`` on a copy

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1074/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import SCRIPT, path_of, severity_in, verify, where
from triage.model import Confidence, Evidence, MemoryFile, Severity
from triage.scene import Scene

_KINDS = frozenset({"java-class", "dex", "wasm", "pyc", "marshal", "lua-bytecode"})


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    content = item.content
    if content is None or content.kind not in _KINDS or content.confidence is Confidence.WEAK:
        return
    severity = severity_in(SCRIPT, item, scene)
    if severity is None:
        return
    if "/__pycache__/" in path_of(item):
        severity = severity.at_most(Severity.LOW)
    facts = (where(item), f"{content.kind}: {content.detail}".rstrip(": "))
    yield Evidence(facts, verify(item, scene), severity, content.confidence)


INDICATOR = Indicator(
    id="file-bytecode",
    title="compiled code for a virtual machine in volatile storage",
    family="content",
    techniques=("T1027.011", "T1074.001"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=MemoryFile,
    check=check,
    benign_if="a runtime that you know keeps its generated code there",
    doc=__doc__,
)
