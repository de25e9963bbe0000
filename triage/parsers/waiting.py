"""``/proc/PID/task/TID/syscall``: where a blocked thread waits. Format: proc(5)."""

from __future__ import annotations

from typing import NamedTuple

from triage.parsers import Malformed
from triage.parsers.procfs import number


class Waiting(NamedTuple):
    """Where a blocked thread waits: the system call's number, or ``None``, and its registers."""

    call: int | None
    sp: int
    pc: int


def parse_waiting(data: bytes) -> Waiting | None:
    """``/proc/PID/task/TID/syscall``; ``None`` for a thread that runs."""
    words = data.split()
    if words[:1] == [b"running"]:
        return None
    if len(words) not in (3, 9):
        raise Malformed("syscall: neither a call with its arguments nor two registers")
    call, sp, pc = number(words[0]), number(words[-2], 16), number(words[-1], 16)
    if call is None or sp is None or pc is None:
        raise Malformed("syscall: no numbers")
    return Waiting(None if call < 0 else call, sp, pc)
