"""File systems looked at through mounts that are attached nowhere (Linux 5.2).

``fsopen``/``fsmount`` make a mount that no mount table shows and that ends with its descriptor:
nothing on the box changes. Numbers: include/uapi/asm-generic/unistd.h, include/uapi/linux/mount.h.
"""

from __future__ import annotations

import ctypes
import os

_SYS_OPEN_TREE, _SYS_FSOPEN, _SYS_FSCONFIG, _SYS_FSMOUNT = 428, 430, 431, 432
_FSCONFIG_CMD_CREATE = 6
_CLOEXEC = 1  # FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC, OPEN_TREE_CLONE
_OPEN_TREE_CLOEXEC = os.O_CLOEXEC
_ATTRIBUTES = 0x01 | 0x02 | 0x04 | 0x08  # read-only, nosuid, nodev, noexec
_AT_FDCWD = -100
_libc = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def detached(fs_type: str, *, read_only: bool = True) -> int:
    """A descriptor of the top of a file system mounted nowhere. Raises :class:`OSError`.

    Only for file systems of which every mount shows the same: procfs, mqueue, tracefs. The
    caller closes it.
    """
    context = _call(_SYS_FSOPEN, ctypes.c_char_p(fs_type.encode()), ctypes.c_uint(_CLOEXEC))
    try:
        nothing = ctypes.c_void_p(None)
        _call(
            _SYS_FSCONFIG, ctypes.c_int(context), ctypes.c_uint(_FSCONFIG_CMD_CREATE),
            nothing, nothing, ctypes.c_int(0),
        )  # fmt: skip
        flags = _ATTRIBUTES if read_only else _ATTRIBUTES & ~0x01
        return _call(
            _SYS_FSMOUNT, ctypes.c_int(context), ctypes.c_uint(_CLOEXEC), ctypes.c_uint(flags)
        )
    finally:
        os.close(context)


def without_mounts(path: str) -> int:
    """A directory as it is below whatever is mounted over its sub-directories.

    A clone of the one mount that the path lies on. Raises :class:`OSError`; the caller closes it.
    """
    return _call(
        _SYS_OPEN_TREE,
        ctypes.c_int(_AT_FDCWD),
        ctypes.c_char_p(os.fsencode(path)),
        ctypes.c_uint(_CLOEXEC | _OPEN_TREE_CLOEXEC),
    )
