"""A thread waits in, or was called from, memory that no file backs.

What it looks for
-----------------
Of processes with executable memory that no file on disk backs: threads that are blocked with their
program counter in it, and return addresses at the top of a thread's stack that lie behind a call
there. The kernel tells both without stopping anything (``/proc/PID/task/TID/syscall``).

Why it matters
--------------
A compiler of code (Java, JavaScript) calls the C library for its system calls. A system call that
is made in memory without a file was made by code that brings its own: an implant that sleeps.
In a process that compiles code it is this that tells an implant from the rest.

What else looks like this
-------------------------
Programs packed by UPX, the stubs of a gVisor sandbox, DynamoRIO and Pin run whole programs from
such memory. A thread that is stopped or waits for a page is in no system call: its place shows
nothing in a just-in-time compiler. Return addresses there are a compiler's daily work, too, and
are told only of programs that are no known runtime.

How to check by hand
--------------------
``cat /proc/PID/task/TID/syscall`` (the last two words are stack pointer and program counter), then
``grep -i ADDRESS /proc/PID/maps``

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://attack.mitre.org/techniques/T1055/
* proc(5), /proc/PID/syscall
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.benign.jit_runtime import runtime_of
from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.code import CodeLook, CodeThread
from triage.scene import Scene

_SHOWN = 6
_UNBACKED = frozenset({"anonymous", "shared", "memfd", "volatile"})


def _severity(thread: CodeThread, compiles: bool) -> Severity | None:
    """``None`` for what a compiler of code explains."""
    if thread.pc.backing in _UNBACKED and thread.call is not None:
        return Severity.HIGH
    return None if compiles else Severity.MEDIUM


def _text(thread: CodeThread) -> str:
    call = "no system call" if thread.call is None else f"system call {thread.call}"
    text = f"thread {thread.comm} (pid {thread.tid}) waits in {call} at {thread.pc.address:x}"
    text += f": {thread.pc.mapping}"
    if thread.callers:
        first = thread.callers[0]
        text += f"; called from {first.address:x}: {first.mapping}"
    return text


def check(look: CodeLook, scene: Scene) -> Iterator[Evidence]:
    process = scene.processes.get(look.pid)
    compiles = process is not None and runtime_of(process) is not None
    judged = [(thread, _severity(thread, compiles)) for thread in look.threads]
    for severity in (Severity.HIGH, Severity.MEDIUM):
        found = [thread for thread, judgement in judged if judgement is severity]
        if found:
            lines = [_text(thread) for thread in found[:_SHOWN]]
            if len(found) > _SHOWN:
                lines.append(f"and {len(found) - _SHOWN} more like these")
            verify = f"cat /proc/{look.pid}/task/{found[0].tid}/syscall /proc/{look.pid}/maps"
            yield Evidence(tuple(lines), verify, severity)


INDICATOR = Indicator(
    id="code-unbacked-thread",
    title="has a thread in memory that no file backs",
    family="thread",
    techniques=("T1620", "T1055"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=CodeLook,
    check=check,
    benign_if="the program is packed, or runs other programs' code inside itself (a sandbox)",
    doc=__doc__,
)
