"""Every process number asked, one by one, whether it exists: past any listing.

``getpgid`` answers for every process and thread that there is, and changes nothing. ``pidfd_open``
takes only processes (thread group leaders), and its descriptor stays with that very process,
whatever becomes of the number.
"""

from __future__ import annotations

import ctypes
import os
import select
from collections.abc import Callable, Iterable

# PyDLL keeps the interpreter's lock, and without argtypes the arguments go straight through: a
# quarter of a microsecond a call. There is no other thread to wait for.
_getpgid = ctypes.PyDLL(None).getpgid


def existing(numbers: range) -> list[int]:
    """Which of the numbers are those of a process or a thread."""
    answers = map(_getpgid, numbers)
    return [number for number, answer in zip(numbers, answers, strict=True) if answer != -1]


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
