"""Code of a file was changed in memory.

What it looks for
-----------------
Private copies of pages in executable mappings of a file (by the kernel's page state, without
reading memory), compared byte for byte with the file. Only what really differs counts.

Why it matters
--------------
Code pages are shared with the file and are never written in ordinary running. A copy exists only
if somebody wrote: ``ptrace``, ``/proc/PID/mem``, ``mprotect`` and a store. Patches of a few bytes
at a function's start are hooks; whole pages are a replaced program (ddexec).

What else looks like this
-------------------------
Single ``cc`` bytes are breakpoints (gdb, uprobes) and come out as information. Libraries with
text relocations, live patching and the inline hooks of security and monitoring agents change code.

How to check by hand
--------------------
``awk '/r-xp/{m=$0} /^Anonymous:/&&$2>0&&m{print m; print} /^VmFlags/{m=""}' /proc/PID/smaps``

References
----------
* https://attack.mitre.org/techniques/T1055/008/
* https://attack.mitre.org/techniques/T1055/009/
* https://github.com/volatilityfoundation/volatility3/pull/995
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import executable, verify
from triage.model import Confidence, Evidence, Mapping, Process, Severity
from triage.scene import Scene

_BREAKPOINT = 0xCC
_TOO_MUCH = 16 << 20


def _only_breakpoints(mapping: Mapping) -> bool:
    """Every difference is one ``int3`` byte, and there are no more than were noted."""
    single = [
        [new for old, new in zip(p.original, p.found, strict=False) if old != new]
        for p in mapping.patches
    ]
    return (
        bool(single)
        and mapping.changed == sum(map(len, single))
        and all(different == [_BREAKPOINT] * len(different) for different in single)
    )


def _severity(mapping: Mapping) -> Severity:
    """Writable code mappings relocate themselves; a few foreign bytes or whole pages do not."""
    if _only_breakpoints(mapping):
        return Severity.INFO
    return Severity.MEDIUM if "w" in mapping.perms else Severity.HIGH


def _text(mapping: Mapping) -> tuple[str, ...]:
    pages = (mapping.anonymous or 0) >> 12
    first = (
        f"{mapping.start:x}-{mapping.end:x} {mapping.perms} {mapping.path}: "
        f"{mapping.changed} bytes differ from the file, on {pages} private pages"
    )
    shown = [
        f"{p.address:x}: file {p.original.hex(' ')}, memory {p.found.hex(' ')}"
        for p in mapping.patches[:3]
    ]
    return (first, *shown)


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    for mapping in executable(process):
        private = mapping.anonymous or 0
        if mapping.changed is None and private >= _TOO_MUCH and mapping.inode != 0:
            fact = f"{mapping.path}: {private >> 20} MiB of private code pages, not compared"
            yield Evidence((fact,), verify(process, mapping), Severity.MEDIUM)
        elif mapping.changed is not None and mapping.changed > 0:
            at = mapping.patches[0].address if mapping.patches else None
            yield Evidence(_text(mapping), verify(process, mapping, at), _severity(mapping))


INDICATOR = Indicator(
    id="memory-code-modified",
    title="has code in memory that differs from its file",
    family="code",
    techniques=("T1055.008", "T1055.009", "T1620"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a debugger, a live patch or a monitoring agent you know changed those bytes",
    doc=__doc__,
)
