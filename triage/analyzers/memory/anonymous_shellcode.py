"""Executable memory without a file holds shellcode.

What it looks for
-----------------
The first populated bytes of executable mappings that no file on disk backs, where the content
examination finds shellcode by its structure: position-independent prologues, system-call stubs,
loops that resolve functions by hash.

Why it matters
--------------
A compiler's output in a JIT does not begin like that; a payload does.

What else looks like this
-------------------------
Trampolines of language runtimes are short and jump into mapped libraries; they make no system
calls.

How to check by hand
--------------------
``dd if=/proc/PID/mem bs=4096 skip=$((0xADDRESS / 4096)) count=1 | ndisasm -b64 - | head``

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://attack.mitre.org/techniques/T1055/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import executable, listed, verify
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    found = [
        m for m in executable(process) if m.content is not None and m.content.kind == "shellcode"
    ]
    if found:
        details = sorted({m.content.detail for m in found if m.content and m.content.detail})
        yield Evidence((*listed(found), *details), verify(process, found[0]))


INDICATOR = Indicator(
    id="memory-anonymous-shellcode",
    title="has shellcode in executable memory",
    family="memory",
    techniques=("T1620", "T1055"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="the bytes are a runtime's trampoline, which a disassembly shows at a glance",
    doc=__doc__,
)
