"""Anonymous memory that is writable and executable at once.

What it looks for
-----------------
Mappings ``rwx`` with no file behind them, stack and heap left to their own indicator.

Why it matters
--------------
It is what an injector or an unpacking stage needs: a place to write code and to run it. Programs
that are compiled ahead have none.

What else looks like this
-------------------------
Just-in-time compilers that do not separate writing from running: older Java and .NET, LuaJIT,
PCRE2, QEMU, graphics drivers. ``jit-runtime`` attests processes that run one from disk, as long
as no ELF, PE or shellcode was seen in the memory. Closures of libffi (Python's ctypes) lie in
small pages of equal trampolines, recognised by their code; they come out low.

How to check by hand
--------------------
``grep rwxp /proc/PID/maps; gdb -p PID -batch -ex 'x/20i ADDRESS'``

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://attack.mitre.org/techniques/T1055/
* Volatility linux.malfind
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.closures import holds_closures, holds_unused_closures
from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import anonymous, executable, listed, verify
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    found = [
        m for m in executable(process)
        if anonymous(m) and "w" in m.perms and m.perms[3:] == "p"
        and not m.path.startswith(("[stack", "[heap"))
    ]  # fmt: skip
    if not found:
        return
    ranges = [(m.start, m.end) for m in found]
    tables = [holds_closures(m.head, m.rss) or holds_unused_closures(m.head, ranges) for m in found]
    if all(tables) and any(holds_closures(m.head, m.rss) for m in found):
        facts = ("they hold nothing but the closure trampolines of libffi", *listed(found))
        yield Evidence(facts, verify(process, found[0]), Severity.LOW)
        return
    yield Evidence(listed(found), verify(process, found[0]))


INDICATOR = Indicator(
    id="memory-anonymous-rwx",
    title="has writable and executable memory that no file backs",
    family="memory",
    techniques=("T1620", "T1055"),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the program compiles code while it runs (a JIT) and the memory holds only that",
    doc=__doc__,
)
