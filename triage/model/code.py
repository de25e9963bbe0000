"""The vocabulary of what a process's code does beyond what its mappings say.

The conventions are those of :mod:`triage.model`.
"""

from __future__ import annotations

from triage.model import Location, Patch
from triage.records import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address leads: the mapping as text, and what backs it.

    ``backing``: ``anonymous``, ``memfd``, ``shared`` (SysV, shared anonymous), ``volatile`` (a file
    in memory), ``deleted``, ``file``, ``kernel`` (vdso and its kin), ``none`` (nothing is mapped).
    """

    address: int
    mapping: str
    backing: str


@dataclass(frozen=True, slots=True)
class CodeSlot:
    """A word of a global offset table that leads to where it should not.

    ``object`` is the image whose table it is, ``symbol`` the function it stands for, empty where
    the table does not say. ``expected`` says what was looked for and not found.
    """

    address: int
    object: str
    symbol: str
    value: Place
    expected: str = ""


@dataclass(frozen=True, slots=True)
class CodeThread:
    """A thread that waits in, or was called from, code that no file backs.

    ``call`` is the number of the system call it waits in, ``None`` when it waits in none.
    ``callers`` are return addresses on its stack that lead behind a call in such code.
    """

    tid: int
    comm: str
    call: int | None
    pc: Place
    sp: int
    callers: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class CoveredCode:
    """Memory without a file where the code of a loaded image ought to be mapped.

    ``changed`` counts the bytes that differ from the image's file there, ``patches`` has the
    first places.
    """

    start: int
    end: int
    object: str
    backing: str
    changed: int
    patches: tuple[Patch, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeLook:
    """What a closer look at one process's code found; recorded only where it found something.

    ``vdso_changed`` counts the bytes in which the process's own copy of the kernel's vDSO differs
    from everybody's, ``None`` where there was nothing to hold against it; ``vdso_private`` the
    bytes of private copies. ``vdso_at`` is where the process was told that the vDSO is, when it
    is not there.
    """

    location: Location
    pid: int
    comm: str | None = None
    exe: str | None = None
    uid: int | None = None
    start_ticks: int | None = None
    vdso_private: int = 0
    vdso_changed: int | None = None
    vdso_patches: tuple[Patch, ...] = ()
    vdso_at: Place | None = None
    slots: tuple[CodeSlot, ...] = ()
    slots_more: int = 0
    covered: tuple[CoveredCode, ...] = ()
    threads: tuple[CodeThread, ...] = ()
    threads_more: int = 0
