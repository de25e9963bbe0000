"""The kernel's vDSO in a process was written to, or is not where the process was told.

What it looks for
-----------------
Private copies of pages of ``[vdso]`` (by the kernel's page state) whose bytes differ from the vDSO
that everybody of the same kind has; or an auxiliary vector (``AT_SYSINFO_EHDR``) that leads
elsewhere than to the kernel's mapping.

Why it matters
--------------
The vDSO is code that every program calls for the time of day, and no file shows it. A patch there
is run by the process itself, soon, without a new thread and without new executable memory.

What else looks like this
-------------------------
``rr`` patches the vDSO of what it records; a debugger's breakpoint there is one ``cc`` byte
(information while a tracer is attached). A process restored by CRIU on another kernel keeps its
old vDSO beside the new one. Valgrind and sandboxes unmap it: that alone is information.

How to check by hand
--------------------
``grep vdso /proc/PID/maps; dd if=/proc/PID/mem bs=4096 skip=$((0xSTART/4096)) count=2 | sha256sum``
and the same of another process

References
----------
* https://attack.mitre.org/techniques/T1055/014/
* vdso(7), getauxval(3), arch/x86/entry/vdso/vma.c
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.code import CodeLook
from triage.predicates.code_hooks import differing, is_breakpoint
from triage.scene import Scene

_SHOWN = 3


def check(look: CodeLook, scene: Scene) -> Iterator[Evidence]:
    if look.vdso_private > 0 and look.vdso_changed != 0:
        yield Evidence(_text(look), _verify(look), _severity(look, scene))
    place = look.vdso_at
    if place is not None:
        facts = (
            f"the process was told that the vDSO is at {place.address:x}",
            f"there: {place.mapping}",
        )
        gone = place.backing == "none"
        yield Evidence(facts, _verify(look), Severity.INFO if gone else Severity.HIGH)


def _text(look: CodeLook) -> tuple[str, ...]:
    pages = f"{look.vdso_private} bytes of [vdso] are private copies"
    if look.vdso_changed is None:
        return (pages, "no other process has one of this kind to hold against it")
    shown = [
        f"{p.address:x}: kernel {p.original.hex(' ')}, here {p.found.hex(' ')}"
        for p in look.vdso_patches[:_SHOWN]
    ]
    return (f"{pages}; {look.vdso_changed} bytes differ from the kernel's", *shown)


def _severity(look: CodeLook, scene: Scene) -> Severity:
    """Less sure with nothing to compare; single breakpoints are a debugger's, if there is one."""
    if look.vdso_changed is None:
        return Severity.MEDIUM
    noted = sum(len(differing(patch)) for patch in look.vdso_patches)
    if noted == look.vdso_changed and all(is_breakpoint(patch) for patch in look.vdso_patches):
        process = scene.processes.get(look.pid)
        traced = process is not None and process.tracer_pid not in (None, 0)
        return Severity.INFO if traced else Severity.MEDIUM
    return Severity.HIGH


def _verify(look: CodeLook) -> str:
    return f"grep vdso /proc/{look.pid}/maps; grep TracerPid /proc/{look.pid}/status"


INDICATOR = Indicator(
    id="code-vdso-changed",
    title="has a vDSO that is not the kernel's",
    family="vdso",
    techniques=("T1055.014", "T1055.009", "T1055.008"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=CodeLook,
    check=check,
    benign_if="the process is recorded by rr, or was restored from a checkpoint by CRIU",
    doc=__doc__,
)
