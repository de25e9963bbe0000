"""What could make this very process see less than there is, each in a sentence.

A library preloaded into the interpreter answers for the kernel; a tracer may change what system
calls return. Neither shows in what they let through, so it is said at the top of the report.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from triage.content.patterns import lazy
from triage.evidence import decode

_PRELOAD_FILE = "/etc/ld.so.preload"
_ODD_LIBRARY = lazy(r"^/(?:dev/shm|run/shm|tmp|var/tmp|run|proc|memfd:)|/\.[^/]+/|/\.[^/]+$")
_LISTED = (b"/etc", b"/dev/shm", b"/proc/self")


def notes() -> tuple[str, ...]:
    """Sentences for the report; none on a healthy box. Never raises."""
    return tuple(_notes())


def _notes() -> Iterator[str]:
    for name in ("LD_PRELOAD", "LD_AUDIT"):
        if os.environ.get(name):
            yield f"{name}={os.environ[name]} is set for this tool: what it loads may hide things"
    preloaded = _preloaded()
    if preloaded:
        yield f"{_PRELOAD_FILE} loads {preloaded} into every program, this tool included"
    odd = sorted(_odd_libraries())
    if odd:
        yield f"this tool has code mapped that belongs to no package: {', '.join(odd[:5])}"
    tracer = _tracer()
    if tracer:
        yield f"this tool is traced by pid {tracer}, which may change what it sees"
    lying = [decode(path) for path in _LISTED if _lies(path)]
    if lying:
        yield (
            f"the C library hides names in {', '.join(lying)} from this tool: what this report "
            "lists is what it was let to see; compare with a statically linked tool"
        )


def _read(path: str, limit: int = 1 << 20) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(limit)
    except OSError:
        return b""


def _preloaded() -> str:
    return " ".join(decode(_read(_PRELOAD_FILE, 4096)).split())[:400]


def _odd_libraries() -> set[str]:
    """Executable mappings of this process from volatile, hidden or deleted files."""
    found = set()
    for line in _read("/proc/self/maps").split(b"\n"):
        fields = line.split(None, 5)
        if len(fields) == 6 and b"x" in fields[1]:
            path = decode(fields[5])
            own = path.startswith((sys.base_prefix + "/", sys.prefix + "/", "/memfd:libffi"))
            if not own and (path.endswith(" (deleted)") or _ODD_LIBRARY.search(path)):
                found.add(path)
    return found


def _tracer() -> int:
    for line in _read("/proc/self/status").split(b"\n"):
        if line.startswith(b"TracerPid:"):
            return int(line[10:])
    return 0


def _lies(path: bytes) -> bool:
    """Whether the kernel lists a name twice that the C library leaves out."""
    from triage.linux.listing import library_names, raw_names

    try:
        missing = raw_names(path) - library_names(path)
        return bool(missing & (raw_names(path) - library_names(path))) if missing else False
    except OSError:
        return False
