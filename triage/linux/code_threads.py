"""Where the threads of a process wait: is there a file behind the code that they are in?

``/proc/PID/task/TID/syscall`` tells, without stopping anything, which system call a blocked thread
waits in, its stack pointer and its program counter (fs/proc/base.c, proc_pid_syscall); of a
running one it says so, and nothing is known. A compiler of code calls the C library for its system
calls; one that is made *in* memory without a file was made by code that wants no library.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import suppress

from triage.evidence import decode
from triage.linux.address_space import AddressSpace
from triage.linux.images import Loaded
from triage.model import FileFacts
from triage.model.code import CodeThread, Place
from triage.parsers import Malformed
from triage.parsers.waiting import Waiting, parse_waiting
from triage.proc.directory import ProcessDir, is_number

THREADS_MAX = 512
_STACK = 512  # bytes above the stack pointer: the frames of a wrapper and of who called it
_CALLERS_MAX = 4
_SHORT = 1 << 32  # stacks of 32-bit processes lie below
_CALL_BACK = 7  # the longest call instruction: ff /2 with a SIB byte and 32 bits


class ThreadLook:
    """The threads of one process with code that no file backs.

    A program or library in a memory file is code with a file's shape, and told as a whole by what
    looks at mappings: what its threads do is no news.
    """

    def __init__(
        self,
        process: ProcessDir,
        memory: ProcessDir,
        space: AddressSpace,
        images: list[Loaded],
        exe: FileFacts | None,
    ) -> None:
        self._process = process
        self._memory = memory
        self._space = space
        told = {one.image.identity for one in images} | ({(exe.dev, exe.inode)} if exe else set())
        if not images:  # nothing of them could be opened
            told |= {image.identity for image in space.images()}
        self._unbacked = {
            line.start
            for line in space.unbacked()
            if line.inode == 0 or (line.dev, line.inode) not in told
        }
        self._machine = os.uname().machine
        self.more = 0

    def found(self) -> Iterator[CodeThread]:
        """Raises :class:`OSError` when the list of threads is denied."""
        names = sorted((name for name in self._process.names("task") if is_number(name)), key=int)
        self.more = max(0, len(names) - THREADS_MAX)
        with self._memory.pseudo_file("mem") as mem:
            for name in names[:THREADS_MAX]:
                with suppress(OSError, Malformed):  # ended meanwhile
                    one = self._one(name, mem)
                    if one is not None:
                        yield one

    def _one(self, name: str, mem: int) -> CodeThread | None:
        waiting = parse_waiting(self._process.read(f"task/{name}/syscall", 512))
        if waiting is None:
            return None
        inside = self._is_unbacked(waiting.pc)
        callers = tuple(self._callers(waiting, mem))
        if not inside and not callers:
            return None
        comm = decode(self._process.read(f"task/{name}/comm", 64).rstrip(b"\n"))
        place = self._space.place(waiting.pc)
        return CodeThread(int(name), comm, waiting.call, place, waiting.sp, callers)

    def _is_unbacked(self, address: int) -> bool:
        line = self._space.at(address)
        return line is not None and line.start in self._unbacked

    def _callers(self, waiting: Waiting, mem: int) -> Iterator[Place]:
        """Return addresses near the top of the stack that lie behind a call in unbacked code."""
        line = self._space.at(waiting.sp)
        if line is None or "w" not in line.perms:
            return
        size = min(_STACK, line.end - waiting.sp, 4096 - waiting.sp % 4096)
        try:
            stack = os.pread(mem, size, waiting.sp)
        except (OSError, OverflowError):
            return
        count = 0
        form, step = ("<Q", 8) if waiting.sp >= _SHORT else ("<I", 4)
        for (word,) in struct.iter_unpack(form, stack[: len(stack) // step * step]):
            if self._is_unbacked(word) and is_behind_a_call(self._before(word, mem), self._machine):
                yield self._space.place(word)
                count += 1
                if count >= _CALLERS_MAX:
                    return

    def _before(self, address: int, mem: int) -> bytes:
        line = self._space.at(address)
        first = max(address - _CALL_BACK, 0 if line is None else line.start)
        try:
            return os.pread(mem, address - first, first).rjust(_CALL_BACK, b"\0")
        except (OSError, OverflowError):
            return b""


def is_behind_a_call(before: bytes, machine: str) -> bool:
    """Whether seven bytes end in a call: ``call`` of x86 in its forms, ``bl`` or ``blr`` of A64."""
    if len(before) < _CALL_BACK:
        return False
    if machine == "aarch64":
        word = int.from_bytes(before[-4:], "little")
        return word & 0xFC000000 == 0x94000000 or word & 0xFFFFFC1F == 0xD63F0000
    if before[-5] == 0xE8:
        return True
    return any(
        before[-length] == 0xFF and _length_of_call(before[-length:]) == length
        for length in (2, 3, 4, 6, 7)
    )


def _length_of_call(code: bytes) -> int:
    """The length of ``ff /2`` by its ModRM and SIB bytes (Intel SDM 2A, 2.1.5); 0 for others."""
    mode, operation, place = code[1] >> 6, code[1] >> 3 & 7, code[1] & 7
    if operation != 2:
        return 0
    if mode == 3:
        return 2
    sib = place == 4
    far = mode == 2 or (mode == 0 and (place == 5 or (sib and len(code) > 2 and code[2] & 7 == 5)))
    return 2 + sib + (4 if far else mode)
