"""One process opening another: which rights, and who was calling.

A call trace lists the modules on the calling thread's stack, innermost first. Code that lies in no
file shows as ``UNKNOWN(address)``. The .NET runtime, Java and browsers compile code into memory and
show the same, but their own modules stand beside it; loaders that were injected have none.

Source: Microsoft, "Process Security and Access Rights"; Sysmon, event 10.
"""

from __future__ import annotations

import re

from triage.events.images import has_role, name

CREATE_THREAD, VM_OPERATION, VM_READ, VM_WRITE = 0x2, 0x8, 0x10, 0x20
ALL_ACCESS = frozenset({0x1FFFFF, 0x1F0FFF, 0x1F1FFF, 0x1F2FFF, 0x1F3FFF, 0x1FFF})
_MANAGED = re.compile(
    r"\\(?:clr|clrjit|mscorwks|mscorsvr|mscorjit|coreclr|mscoreei|jvm|jscript9?|chakra|chakracore|"
    r"v8|mozjs|xul|chrome|libcef|python\d*|vbe[67]|node)\.(?:dll|exe)\+|\.ni\.dll\+|"
    r"\\nativeimages_|\\assembly\\gac",
    re.IGNORECASE,
)
_GATES = ("ntdll.dll", "wow64win.dll", "win32u.dll", "wow64.dll", "wow64cpu.dll", "ntoskrnl.exe")
_RIGHTS = (
    (0x1, "terminate"), (0x2, "create threads"), (0x8, "change memory"), (0x10, "read memory"),
    (0x20, "write memory"), (0x40, "copy handles"), (0x80, "create processes"),
    (0x100, "set quotas"), (0x200, "set information"), (0x400, "ask everything"),
    (0x800, "suspend and resume"), (0x1000, "ask a little"),
)  # fmt: skip


def writes(mask: int) -> bool:
    """Whether the rights suffice to put code into the other process and run it."""
    return mask in ALL_ACCESS or mask & (VM_OPERATION | VM_WRITE) == VM_OPERATION | VM_WRITE


def asks_to_inject(mask: int) -> bool:
    """The three rights of classic injection, asked for by name and not as all rights there are."""
    wanted = CREATE_THREAD | VM_OPERATION | VM_WRITE
    return mask not in ALL_ACCESS and mask & wanted == wanted


def rights_in_words(mask: int) -> str:
    if mask in ALL_ACCESS:
        return "all rights"
    return ", ".join(words for bit, words in _RIGHTS if mask & bit) or "no rights over memory"


def unbacked(trace: str) -> bool:
    """Whether code that lies in no file is on the stack, and no runtime that would explain it."""
    return "UNKNOWN(" in trace and _MANAGED.search(trace) is None


def compiled(trace: str) -> bool:
    """Whether code in memory is on the stack beside a runtime that makes such code."""
    return "UNKNOWN(" in trace and _MANAGED.search(trace) is not None


def direct_call(trace: str) -> bool:
    """Whether the kernel was called from elsewhere than the system's own gate, ``ntdll``."""
    first = trace.partition("|")[0].strip().lower()
    if not first or ("+" not in first and not first.startswith("unknown(")):
        return False
    module = first.rpartition("+")[0].rpartition("\\")[2]
    return module not in _GATES and not first.endswith("...")


_CALLS = re.compile(r"^(?:ntdll|wow64|wow64cpu|wow64win|win32u)\.dll$")
_LAYER = re.compile(r"^(?:kernelbase|kernel32)\.dll$")


def opens(trace: str) -> bool:
    """Whether a process that ran already was opened, and not one that was just being started.

    ``OpenProcess`` is one frame of ``kernelbase`` between the system's gate and the caller, the
    native call none; what starts a process goes through several.
    """
    names = [frame.rpartition("\\")[2].partition("+")[0].lower() for frame in trace.split("|")[:16]]
    while names and _CALLS.match(names[0]):
        names.pop(0)
    layers = 0
    while names and _LAYER.match(names[0]):
        names.pop(0)
        layers += 1
    return bool(names) and layers <= 1


def shape(trace: str) -> str:
    """The trace without addresses: what two traces of the same code have in common."""
    names: list[str] = []
    for frame in trace.split("|")[:24]:
        word = "?" if frame.startswith("UNKNOWN") else frame.rpartition("\\")[2].partition("+")[0]
        if not names or names[-1] != word:
            names.append(word)
    return ">".join(names)


def ordinary(source: str, target: str) -> bool:
    """Whether the one opening is Windows' own (task manager, crash reports) or opens itself."""
    own = has_role(source, "opener") and "\\windows\\" in source.lower()
    return own or name(source) == "system"
