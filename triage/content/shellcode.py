"""Is this machine code that was written to run from anywhere? A verdict with its reasons."""

from __future__ import annotations

import re

from triage.content.identity import Identity
from triage.content.patterns import lazy
from triage.content.shellcode_arm import follow_arm, follow_arm64
from triage.content.shellcode_x86 import Trace, follow
from triage.content.syscalls import traits as syscall_traits
from triage.content.syscalls import weight
from triage.model import Confidence

_SHORTEST = 18
_SEARCHED, _CLOSELY = 1024, 96
_FOLLOWED = 1 << 20
_ENOUGH, _SURE = 10, 16
#: At least one of these is in the first bytes of any shellcode that is recognised: a system
#: call, fnstenv, a read of the thread block; on arm64 ``svc`` with any number, which the kernel
#: ignores. Each begins with its rarest byte and looks back from there: zeros are everywhere.
_IDIOMS = lazy(
    rb"\x0f[\x05\x34]|\xcd\x80|\x74\x24\xf4|\xd4(?<=[\x01\x21\x41\x61\x81\xa1\xc1\xe1].[\x00-\x1f]\xd4)"
    rb"|\xef(?<=\0\0\xef)|\xdf(?<=[\0\1]\xdf)|\x64\xa1|\x8b\x52[\x30\x60]|\x25[\x30\x60]\0\0\0",
    re.DOTALL,
)
#: The rarer forms, for which only the first bytes are searched: the thread block through any
#: register, a change of memory that a short loop may follow, the step of a name hash.
_HINT = lazy(
    rb"[\x64\x65][\x40-\x4f]?[\x8b\xff\x03\x33\x0b].{0,2}[\x30\x60]|\x67\x64|\x64\x67"
    rb"|[\x80\x81\x83][\x30-\x37\x70-\x77]|[\x30\x31][\x00-\x3f\x40-\x7f].{0,16}[\xe2\x75\x7c\x7f]"
    rb"|\xc1[\xc0-\xcf][\x03-\x1d]|\x27.{0,12}\xdf",
    re.DOTALL,
)
_CALL_OVER = lazy(
    rb"(?:\xfc|\x90|\x48\x83\xe4\xf0|\x66\x81\xe4..|\x81\xe4....){0,4}"
    rb"(?:\xe8..[\x00-\x7f][\x00\xff]|\xeb.|\xe9..[\x00-\x01]\x00)",
    re.DOTALL,
)
_PEB_READS = (
    b"\x65\x48\x8b\x04\x25\x60\0\0\0",
    b"\x65\x48\x8b\x0c\x25\x60\0\0\0",
    b"\x65\x48\x8b\x14\x25\x60\0\0\0",
    b"\x65\x48\x8b\x52\x60",
    b"\x64\xa1\x30\0\0\0",
    b"\x64\x8b\x52\x30",
    b"\x65\x48\x8b\x04\x25\x30\0\0\0",
    b"\x64\x8b\x15\x30\0\0\0",
)
_SHELLS = lazy(
    rb"/bin/(?:ba|da|z)?sh|/bin//sh|//bin/sh|/sh\0|cmd\.exe|powershell|/etc/(?:passwd|shadow)"
    rb"|calc\.exe|ws2_32|wininet|kernel32",
    re.IGNORECASE,
)


def identify_shellcode(data: bytes, size: int) -> Identity | None:
    """Shellcode that begins at the first byte, after a run of no-operations at most."""
    if len(data) < _SHORTEST or not _may_be(data):
        return None
    sled = _sled(data)
    body = data[sled : sled + _FOLLOWED]
    found = [_x86(body, wide, sled) for wide in (True, False)]
    found.append(_arm(body))
    best = max((one for one in found if one is not None), key=lambda one: one[0], default=None)
    if best is None or best[0] < _ENOUGH:
        return None
    score, detail, traits = best
    more = ("nop-sled",) if sled >= 8 else ()
    confidence = Confidence.STRONG if score >= _SURE else Confidence.MODERATE
    return Identity("shellcode", detail, confidence, (*traits, *more, "position-independent"))


def _may_be(data: bytes) -> bool:
    """The cheap look: most data shows none of the bytes that every shellcode has."""
    if _CALL_OVER.match(data) is not None or _HINT.search(data, 0, _CLOSELY) is not None:
        return True
    return _IDIOMS.search(data, 0, _SEARCHED) is not None


def _sled(data: bytes) -> int:
    """How many no-operations come first (x86 only)."""
    return len(data) - len(data.lstrip(b"\x90")) if data[:1] == b"\x90" else 0


_Found = tuple[int, str, tuple[str, ...]]


def _x86(data: bytes, wide: bool, sled: int) -> _Found | None:
    trace = follow(data, wide)
    if trace.steps < 4:
        return None
    score = sum(trace.habits.values()) + weight(trace.syscalls)
    getpc = "getpc" in trace.habits
    if getpc and trace.habits["getpc"] >= 7 and any(one in data for one in _PEB_READS):
        score += 6
        trace.habits.setdefault("peb", 0)
    if score >= 4 and _SHELLS.search(trace.strings + b" " + data[:2048]):
        score += 3
    score += 2 if sled >= 8 else 0
    score += _closed(trace) if score > 0 else 0
    score += 1 if len(set(trace.syscalls)) >= 2 and getpc else 0
    score -= 4 * trace.escapes
    return score, _explain(trace, "x86-64" if wide else "x86"), _traits(trace, wide)


def _closed(trace: Trace) -> int:
    """Code that stays within its bytes and makes sense to its end is more likely code at all."""
    if trace.escapes or trace.steps < 6:
        return 0
    if trace.broken:
        # A decoder runs into bytes that it has yet to decode, a system call into data.
        return 2 if "decoder" in trace.habits else 0
    return 4 if trace.steps >= 8 else 3


def _explain(trace: Trace, machine: str) -> str:
    words = [machine]
    words += [name for name, value in trace.habits.items() if value > 0 or name == "peb"]
    words += [", ".join(dict.fromkeys(trace.syscalls))] if trace.syscalls else []
    return ", ".join(words)


def _traits(trace: Trace, wide: bool) -> tuple[str, ...]:
    habits = trace.habits
    names = [
        ("getpc", "getpc"),
        ("peb", "peb-walk"),
        ("teb", "peb-walk"),
        ("decoder", "decoder-stub"),
        ("hash loop", "api-hashing"),
        ("function hash", "api-hashing"),
    ]
    found = dict.fromkeys(trait for habit, trait in names if habit in habits)
    machine = ("x86-64", "64-bit") if wide else ("x86", "32-bit")
    return (*machine, *found, *syscall_traits(trace.syscalls))


def _moved(data: bytes) -> bytes:
    """The constants that arm64 ``movz`` and ``movk`` put into registers, 16 bits at a time."""
    words = (int.from_bytes(data[at : at + 4], "little") for at in range(0, min(256, len(data)), 4))
    halves = (word >> 5 & 0xFFFF for word in words if word & 0xDF800000 == 0xD2800000)
    return b"".join(half.to_bytes(2, "little") for half in halves).replace(b"\0", b"")


def _arm(data: bytes) -> _Found | None:
    names, penalty = follow_arm64(data)
    machine: tuple[str, ...] = ("arm64", "64-bit")
    if not names:
        names, penalty, machine = follow_arm(data), 0, ("arm", "32-bit")
    if not names:
        return None
    shell = _SHELLS.search(data[:2048] + _moved(data)) is not None
    score = weight(names) - penalty + (4 if shell else 0)
    detail = f"{machine[0]}, {', '.join(dict.fromkeys(names))}"
    return score, detail, (*machine, *syscall_traits(names))
