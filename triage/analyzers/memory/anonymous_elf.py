"""An ELF image lies in anonymous memory, with code right behind it.

What it looks for
-----------------
A validated ELF header at the start of a mapping that no file backs (private, shared anonymous or
SysV), in a contiguous run of such mappings that contains executable ones.

Why it matters
--------------
The system's loader maps programs and libraries from files. An image in anonymous memory was put
together by the process itself: reflective loading, userland exec, an injected library.

What else looks like this
-------------------------
Emulators (qemu-user, box64, FEX, wine) read foreign programs into anonymous memory; linkers and
debuggers hold ELF files as data, with no executable memory behind them.

How to check by hand
--------------------
``dd if=/proc/PID/mem bs=4096 skip=$((0xADDRESS / 4096)) count=1 | file -``

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://grugq.github.io/docs/ul_exec.txt
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import listed, verify
from triage.model import Confidence, Evidence, Mapping, Process, Severity
from triage.scene import Scene


def _no_file(mapping: Mapping) -> bool:
    return mapping.inode == 0 or mapping.path.startswith(("/SYSV", "/dev/zero"))


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    found = [
        m for m in process.mappings or ()
        if _no_file(m) and m.content is not None and m.content.kind in ("elf", "pe", "macho")
    ]  # fmt: skip
    if found:
        kinds = sorted({f"{m.content.kind} {m.content.detail}" for m in found if m.content})
        yield Evidence((*listed(found), *kinds), verify(process, found[0]))


INDICATOR = Indicator(
    id="memory-anonymous-elf",
    title="has a program image in memory that no file backs",
    family="memory",
    techniques=("T1620", "T1055"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the process is an emulator (qemu-user, box64, wine) running a foreign program",
    doc=__doc__,
)
