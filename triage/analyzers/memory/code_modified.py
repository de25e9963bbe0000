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
Single ``cc`` bytes are breakpoints (gdb, uprobes, SystemTap, LTTng), and so are the calls into
``[uprobes-trampoline]`` that the kernel makes of them: information. The words that text relocations
change are explained by the file and left out. Live patching and the inline hooks of security and
monitoring agents jump into a library on disk: medium, and the library is named. Frida and other
injectors jump into memory without a file. Valgrind changes no code: it runs a translation.

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
from typing import NamedTuple

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import executable, verify
from triage.model import Confidence, Evidence, Mapping, Patch, Process, Severity
from triage.scene import DELETED, Scene, in_memory, volatile_place

_TOO_MUCH = 16 << 20
_TRAMPOLINES = "[uprobes-trampoline]"
_SHOWN = 3


class _Change(NamedTuple):
    """A patch, the kind of hook that it makes, and the mapping that it leads to."""

    patch: Patch
    kind: str
    target: int | None
    there: Mapping | None


def _changes(process: Process, mapping: Mapping) -> list[_Change]:
    from triage.predicates.code_hooks import hook_of, leads_to

    found = []
    for patch in mapping.patches:
        hook = hook_of(patch, process)
        there = None if hook.target is None else leads_to(process, hook.target)
        found.append(_Change(patch, hook.kind, hook.target, there))
    return found


def _all_noted(mapping: Mapping) -> bool:
    """Whether the noted places hold every byte that differs."""
    from triage.predicates.code_hooks import differing

    return sum(len(differing(patch)) for patch in mapping.patches) == mapping.changed


def _is_traced(change: _Change) -> bool:
    """A breakpoint, or the call that the kernel makes of one (uprobes since Linux 6.18)."""
    return change.kind == "breakpoint" or (
        change.there is not None and change.there.path == _TRAMPOLINES
    )


def _leads_to_disk(change: _Change, mapping: Mapping) -> bool:
    """A jump into another file that lies on disk under its name, as agents' hooks do."""
    there = change.there
    if there is None or there.inode == 0 or there.inode == mapping.inode:
        return False
    if there.path.endswith(DELETED) or in_memory(there.file) is True:
        return False
    return change.kind in ("jump", "call") and volatile_place(there.path) is None


def _leads_nowhere(change: _Change) -> bool:
    """A jump into memory that no file backs."""
    there = change.there
    return there is not None and there.path != _TRAMPOLINES and (
        there.inode == 0 or in_memory(there.file) is True
    )  # fmt: skip


def _severity(mapping: Mapping, changes: list[_Change]) -> Severity:
    """Writable code mappings relocate themselves; a few foreign bytes or whole pages do not."""
    if any(_leads_nowhere(change) for change in changes):
        return Severity.HIGH
    if changes and _all_noted(mapping):
        if all(_is_traced(change) for change in changes):
            return Severity.INFO
        if all(_is_traced(one) or _leads_to_disk(one, mapping) for one in changes):
            return Severity.MEDIUM
    return Severity.MEDIUM if "w" in mapping.perms else Severity.HIGH


def _words(change: _Change) -> str:
    """What a patch does, where that is known."""
    from triage.predicates.code_hooks import owner

    if change.kind == "other":
        return ""
    if change.kind == "return":
        return "; it returns at once"
    if change.kind == "breakpoint":
        return "; a breakpoint"
    if change.target is None:
        return f"; a {change.kind} through a pointer"
    there = change.there
    if there is None:
        return f"; a {change.kind} to {change.target:x}, unknown memory"
    where = f"{there.path}{owner(there.path)}" if there.path else "memory that no file backs"
    return f"; a {change.kind} to {change.target:x}, {where}"


def _text(mapping: Mapping, changes: list[_Change]) -> tuple[str, ...]:
    pages = (mapping.anonymous or 0) >> 12
    first = (
        f"{mapping.start:x}-{mapping.end:x} {mapping.perms} {mapping.path}: "
        f"{mapping.changed} bytes differ from the file, on {pages} private pages"
    )
    shown = [
        f"{c.patch.address:x}: file {c.patch.original.hex(' ')}, "
        f"memory {c.patch.found.hex(' ')}{_words(c)}"
        for c in changes[:_SHOWN]
    ]
    return (first, *shown)


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    for mapping in executable(process):
        private = mapping.anonymous or 0
        if mapping.changed is None and private >= _TOO_MUCH and mapping.inode != 0:
            fact = f"{mapping.path}: {private >> 20} MiB of private code pages, not compared"
            yield Evidence((fact,), verify(process, mapping), Severity.MEDIUM)
        elif mapping.changed is not None and mapping.changed > 0:
            changes = _changes(process, mapping)
            severity = _severity(mapping, changes)
            yield Evidence(_text(mapping, changes), verify(process, mapping), severity)


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
