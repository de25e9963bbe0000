"""Whether two tasks share a kernel object: their table of descriptors, their root and directory.

``kcmp`` (Linux 3.5) compares without telling anything of the objects, and changes nothing.
Numbers: include/uapi/linux/kcmp.h, kcmp(2).
"""

from __future__ import annotations

import ctypes
import os
import platform

_NUMBERS = {"x86_64": 312, "aarch64": 272, "riscv64": 272, "ppc64le": 354, "s390x": 343}
_FILES, _FS = 2, 3
# PyDLL keeps the interpreter's lock, and without argtypes the arguments go straight through.
_syscall = ctypes.PyDLL(None).syscall
_number = _NUMBERS.get(platform.machine(), -1)


def is_known() -> bool:
    """Whether this kernel compares, and this process may."""
    own = os.getpid()
    return _number >= 0 and _syscall(_number, own, own, _FILES, 0, 0) == 0


def apart(process: int, threads: list[int]) -> list[tuple[int, bool, bool]]:
    """(thread, descriptors differ, root or mount namespace may differ) for each that has its own.

    Who leaves a mount namespace alone cannot share ``fs_struct`` any more (unshare(2): CLONE_NEWNS
    implies CLONE_FS), so what is the same there is the same namespace. Threads that ended since
    they were listed are left out.
    """
    found = []
    for thread in threads:
        files = _syscall(_number, process, thread, _FILES, 0, 0)
        places = _syscall(_number, process, thread, _FS, 0, 0)
        if files > 0 or places > 0:
            found.append((thread, files > 0, places > 0))
    return found
