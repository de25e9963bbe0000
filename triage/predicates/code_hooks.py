"""What the bytes at a changed place of code do: a jump elsewhere, a breakpoint, an early return.

Instructions: Intel SDM volume 2, Arm Architecture Reference Manual (A64). Only the few shapes that
a hook can have; anything else is just other bytes.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import NamedTuple

from triage.model import Mapping, Patch, Process

_INT3 = 0xCC
# brk #0 of gdb; brk #5 of uprobes (arch/arm64/include/asm/brk-imm.h): no x86 code begins so.
_BRK = frozenset({b"\x00\x00\x20\xd4", b"\xa0\x00\x20\xd4"})


class Hook(NamedTuple):
    """``kind``: ``breakpoint``, ``jump``, ``call``, ``return`` or ``other``; where it leads."""

    kind: str
    target: int | None = None


def hook_of(patch: Patch, process: Process) -> Hook:
    """What a patch does: a hook that begins at the first byte that differs, or a little before.

    An instruction that was written may share its first bytes with what was there. One that leads
    into memory of the process is taken before one that leads nowhere.
    """
    if is_breakpoint(patch):
        return Hook("breakpoint")
    pairs = zip(patch.original, patch.found, strict=False)
    first = next((i for i, (old, new) in enumerate(pairs) if old != new), 0)
    found = []
    for begin in range(first, -1, -1):
        for shape in (_relative, _absolute, _pushed, _arm):
            hook = shape(patch.found[begin:], patch.address + begin)
            if hook is not None:
                found.append(hook)
    for hook in found:
        if hook.target is not None and leads_to(process, hook.target) is not None:
            return hook
    ended = _at_once(patch.found[first:])
    return ended or next(iter(found), Hook("other"))


def _at_once(new: bytes) -> Hook | None:
    """A function that ends at once: ``ret``, or a number and ``ret``."""
    ends = (
        new[:1] == b"\xc3"
        or new[:3] in (b"\x31\xc0\xc3", b"\x33\xc0\xc3")
        or (new[:1] == b"\xb8" and new[5:6] == b"\xc3")
    )
    return Hook("return") if ends else None


def differing(patch: Patch) -> list[int]:
    """The bytes of memory that differ from the file's."""
    return [new for old, new in zip(patch.original, patch.found, strict=False) if old != new]


def is_breakpoint(patch: Patch) -> bool:
    """Single ``int3`` bytes; of A64 one ``brk #0``, as gdb and the kernel's probes write it."""
    different = differing(patch)
    if different and all(byte == _INT3 for byte in different):
        return not _adjacent(patch)
    words = zip(_words(patch.original), _words(patch.found), strict=False)
    changed = [new for old, new in words if old != new]
    return bool(changed) and patch.address % 4 == 0 and all(new in _BRK for new in changed)


def _adjacent(patch: Patch) -> bool:
    """Whether two bytes beside each other differ: a breakpoint is one, a run of them is not."""
    changed = [old != new for old, new in zip(patch.original, patch.found, strict=False)]
    return any(one and other for one, other in pairwise(changed))


def _words(data: bytes) -> list[bytes]:
    return [data[at : at + 4] for at in range(0, len(data) - len(data) % 4, 4)]


def _relative(new: bytes, at: int) -> Hook | None:
    """``e9`` and ``e8`` with 32 bits, ``eb`` with 8, ``ff 25`` through a word beside it."""
    if len(new) >= 5 and new[0] in (0xE9, 0xE8):
        distance = struct.unpack_from("<i", new, 1)[0]
        return Hook("jump" if new[0] == 0xE9 else "call", at + 5 + distance)
    if len(new) >= 2 and new[0] == 0xEB:
        return Hook("jump", at + 2 + struct.unpack_from("<b", new, 1)[0])
    if len(new) >= 6 and new[:2] == b"\xff\x25":
        beside = new[2:6] == bytes(4) and len(new) >= 14
        return Hook("jump", struct.unpack_from("<Q", new, 6)[0] if beside else None)
    return None


def _absolute(new: bytes, at: int) -> Hook | None:
    """``movabs`` to a register, and a jump or call there, or ``push`` and ``ret``."""
    if len(new) < 12 or new[0] not in (0x48, 0x49) or not 0xB8 <= new[1] <= 0xBF:
        return None
    target, register = struct.unpack_from("<Q", new, 2)[0], new[1] & 7
    rest = new[10:].removeprefix(b"\x41") if new[0] == 0x49 else new[10:]
    if rest[:1] == b"\xff" and rest[1:2] in (bytes([0xE0 + register]), bytes([0xD0 + register])):
        return Hook("jump" if rest[1] >= 0xE0 else "call", target)
    if rest[:2] == bytes([0x50 + register, 0xC3]):
        return Hook("jump", target)
    return None


def _pushed(new: bytes, at: int) -> Hook | None:
    """``push`` of 32 bits, perhaps the upper half written over it, and ``ret``."""
    if len(new) < 6 or new[0] != 0x68:
        return None
    low = struct.unpack_from("<I", new, 1)[0]
    if new[5] == 0xC3:
        return Hook("jump", low)
    if len(new) >= 14 and new[5:9] == b"\xc7\x44\x24\x04" and new[13] == 0xC3:
        return Hook("jump", low | struct.unpack_from("<I", new, 9)[0] << 32)
    return None


def _arm(new: bytes, at: int) -> Hook | None:
    """A64: ``ldr x16/x17, #8; br`` with the address behind it."""
    loads = new[:4] in (b"\x50\0\0\x58", b"\x51\0\0\x58")
    branches = new[4:8] in (b"\x00\x02\x1f\xd6", b"\x20\x02\x1f\xd6")
    if len(new) < 16 or not loads or not branches:
        return None
    return Hook("jump", struct.unpack_from("<Q", new, 8)[0])


def owner(path: str) -> str:
    """Whose hooks lead to such a file, in brackets; empty for no known tool. A name, no excuse."""
    from triage.knowledge import match

    known = match("hook_owners", "library", path.rpartition("/")[2])
    return "" if known is None else f" (by its name {known.what})"


def leads_to(process: Process, address: int) -> Mapping | None:
    """The executable mapping of a process that an address lies in."""
    return next((m for m in process.mappings or () if m.start <= address < m.end), None)
