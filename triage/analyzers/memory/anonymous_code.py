"""Anonymous memory that is executable but no longer writable.

What it looks for
-----------------
Private mappings ``r-x`` or ``--x`` with no file behind them, the kernel's own (vdso and the like,
by the exact names only the kernel can print) left out. ``[anon:NAME]`` is not exempt: any process
may name its memory.

Why it matters
--------------
Careful loaders write first and then drop the write permission. What runs there came from nowhere
on disk.

What else looks like this
-------------------------
Just-in-time compilers that separate writing from running (modern Java, Node, .NET, browsers).
``jit-runtime`` attests those.

How to check by hand
--------------------
``grep ' r-xp 00000000 00:00 0' /proc/PID/maps``

References
----------
* https://attack.mitre.org/techniques/T1620/
* Tracee TRC-104; Volatility linux.malfind
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import anonymous, executable, listed, verify
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    found = [
        m for m in executable(process)
        if anonymous(m) and "w" not in m.perms and m.perms[3:] == "p"
        and not m.path.startswith(("[stack", "[heap"))
    ]  # fmt: skip
    if found:
        yield Evidence(listed(found), verify(process, found[0]))


INDICATOR = Indicator(
    id="memory-anonymous-code",
    title="runs code from memory that no file backs",
    family="memory",
    techniques=("T1620", "T1055"),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the program compiles code while it runs (a JIT) and the memory holds only that",
    doc=__doc__,
)
