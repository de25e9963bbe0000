"""A function that the dynamic linker bound leads to where nobody defines it.

What it looks for
-----------------
Words of global offset tables, on pages that the process wrote to, that a relocation of the file
names, and that lead into executable memory without a file, a memory file, or (``--deep``) into a
file on disk at a place where the symbol is not defined. What is in order is worked out from the
files: lazy binding, indirect functions, preloaded libraries that define the symbol, the vDSO.

Why it matters
--------------
A hook that changes no code: one pointer is overwritten, and the next call of ``read`` or
``SSL_write`` goes through the intruder. Comparing code with its file shows nothing.

What else looks like this
-------------------------
Profilers and crash reporters (heaptrack, async-profiler, plthook and its kin) overwrite such words
to lead into their own library on disk: that is medium, and the library is named. Just-in-time
compilers do not write to the tables of files.

How to check by hand
--------------------
``gdb -p PID -batch -ex 'info symbol *(long *)0xADDRESS' -ex 'x/4i *(long *)0xADDRESS'``

References
----------
* https://attack.mitre.org/techniques/T1055/009/
* System V gABI, chapter 5; https://man7.org/linux/man-pages/man8/ld.so.8.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.code import CodeLook, CodeSlot
from triage.predicates.code_hooks import owner
from triage.scene import Scene, volatile_place

_SHOWN = 6
_UNBACKED = frozenset({"anonymous", "shared", "memfd"})
_VOLATILE = frozenset({"shm", "run", "lock", "dev"})


def _is_harmful(slot: CodeSlot) -> bool:
    """Into memory without a file, or into an image that has the symbol, but somewhere else."""
    return (
        slot.value.backing in _UNBACKED
        or volatile_place(_path(slot)) in _VOLATILE
        or " defines it at " in slot.expected
    )


def _path(slot: CodeSlot) -> str:
    """The mapping's path: behind its addresses and permissions."""
    return slot.value.mapping.split(" ", 2)[-1]


def _text(slot: CodeSlot) -> str:
    name = slot.symbol or "a function"
    text = f"{name}, called by {slot.object} through the word at {slot.address:x} leads to"
    more = f"; {slot.expected}" if slot.expected else ""
    where = f"{slot.value.mapping}{owner(_path(slot))}"
    return f"{text} {slot.value.address:x}: {where}{more}"


def check(look: CodeLook, scene: Scene) -> Iterator[Evidence]:
    for harmful in (True, False):
        found = [slot for slot in look.slots if _is_harmful(slot) is harmful]
        if found:
            lines = [_text(slot) for slot in found[:_SHOWN]]
            more = len(found) - len(lines) + (look.slots_more if harmful else 0)
            if more > 0:
                lines.append(f"and {more} more like these")
            verify = f"gdb -p {look.pid} -batch -ex 'x/a 0x{found[0].address:x}'"
            severity = Severity.HIGH if harmful else Severity.MEDIUM
            yield Evidence(tuple(lines), verify, severity)


INDICATOR = Indicator(
    id="code-function-table",
    title="calls functions through pointers that were led elsewhere",
    family="function-table",
    techniques=("T1055.009", "T1055"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=CodeLook,
    check=check,
    benign_if="a profiler or a monitoring agent you know replaced these functions",
    doc=__doc__,
)
