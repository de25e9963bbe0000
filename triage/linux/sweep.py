"""Every process number asked, one by one, whether it exists: past any listing.

``kill`` with signal 0 checks existence and permission and sends nothing (kill(2)); a number that
answers is a process or a thread. ``pidfd_open`` takes only processes (thread group leaders), and
its descriptor stays with that very process, whatever becomes of the number.
"""

from __future__ import annotations

import ctypes
import os
import select
from collections.abc import Callable, Iterable
from itertools import repeat

# PyDLL keeps the interpreter's lock: half the price a call, and there is no other thread.
_libc = ctypes.PyDLL(None)
_kill = _libc.kill
_kill.argtypes = (ctypes.c_int, ctypes.c_int)
_kill.restype = ctypes.c_int


def existing(numbers: range) -> list[int]:
    """Which of the numbers are those of a process or a thread that we may signal."""
    answers = map(_kill, numbers, repeat(0))
    return [number for number, answer in zip(numbers, answers, strict=True) if answer == 0]


def leaders(numbers: Iterable[int]) -> dict[int, int]:
    """A descriptor for each of the numbers that is a process's own; the caller closes them."""
    found = {}
    for number in numbers:
        try:
            found[number] = os.pidfd_open(number)
        except OSError:
            continue  # a thread, or gone
    return found


def alive(pidfd: int) -> bool:
    """Whether the process of a descriptor has not ended (a zombie has)."""
    return not select.select([pidfd], [], [], 0)[0]


def _answers(ask: Callable[[int], object], pid: int) -> bool:
    try:
        ask(pid)
    except OSError:
        return False
    return True


def views(pid: int) -> tuple[str, ...]:
    """Which system calls know the process: several, because one could be made to lie."""
    asked: dict[str, Callable[[int], object]] = {
        "kill": lambda number: os.kill(number, 0),
        "getpgid": os.getpgid,
        "getsid": os.getsid,
        "sched_getaffinity": os.sched_getaffinity,
        "sched_getscheduler": os.sched_getscheduler,
        "getpriority": lambda number: os.getpriority(os.PRIO_PROCESS, number),
    }
    return tuple(name for name, ask in asked.items() if _answers(ask, pid))
