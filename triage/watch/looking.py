"""The first look at a process that has just executed something: fast, for it may be gone at once.

The executable is held before anything else is asked: from then on its inode stays, whatever
becomes of the process. Most executions are of programs on disk, and cost a few system calls.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from triage import kernel
from triage.evidence import decode
from triage.predicates.interpreters import is_interpreter
from triage.scene import volatile_place

_CMDLINE_MAX = 1 << 15
_TELLING = (
    b"/dev/shm", b"/run/", b"/proc/", b"/dev/fd/", b"/tmp/", b"/dev/stdin", b"memfd",
)  # fmt: skip


@dataclass(slots=True)
class Caught:
    """An execution worth judging. ``fd`` holds the executable's inode (``O_PATH``)."""

    pid: int
    fd: int
    exe: str
    cmdline: bytes | None
    reason: str


class Eye:
    """Looks, and remembers what file system a device is."""

    def __init__(self) -> None:
        self._memory: dict[int, bool] = {}

    def look(self, pid: int) -> Caught | None:
        """What is no ordinary execution; ``None`` for the others.

        Raises :class:`OSError` when the process ended before its executable could be held, or
        when that is not permitted. The caller closes the descriptor.
        """
        place = f"/proc/{pid}/"
        fd = os.open(place + "exe", os.O_PATH | os.O_CLOEXEC)
        try:
            status = os.fstat(fd)
            # Through our own descriptor: this answers even when the process has ended.
            exe = decode(os.readlink(f"/proc/self/fd/{fd}".encode()))
            cmdline = _cmdline(place)
            reason = self._reason(fd, status, exe, cmdline or b"")
        except BaseException:
            os.close(fd)
            raise
        if reason is None:
            os.close(fd)
            return None
        return Caught(pid, fd, exe, cmdline, reason)

    def _reason(self, fd: int, status: os.stat_result, exe: str, cmdline: bytes) -> str | None:
        """Why an execution is worth a closer look."""
        if status.st_nlink == 0:
            return "a file without a name"
        if self._in_memory(fd, status.st_dev):
            return "a file in memory"
        if volatile_place(exe) is not None:
            return "a volatile place"
        if cmdline.startswith(b"["):
            return "a name in brackets"
        if is_interpreter(exe) and any(mark in cmdline for mark in _TELLING):
            return "an interpreter and a volatile place"
        return None

    def _in_memory(self, fd: int, device: int) -> bool:
        known = self._memory.get(device)
        if known is None:
            known = self._memory[device] = kernel.fs_magic(fd) in kernel.MEMORY_MAGICS
        return known


def _cmdline(place: str) -> bytes | None:
    """The arguments; ``None`` when the process has ended."""
    try:
        fd = os.open(place + "cmdline", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(fd, _CMDLINE_MAX)
    except OSError:
        return None
    finally:
        os.close(fd)
