"""What the kernel's key retention service tells: a key's description and its payload.

Nothing is linked, searched, joined or requested: ``KEYCTL_DESCRIBE`` and ``KEYCTL_READ`` only.
Numbers: include/uapi/linux/keyctl.h; semantics: Documentation/security/keys/core.rst, keyctl(2).
"""

from __future__ import annotations

import ctypes
import os
import platform

_NUMBERS = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "ppc64le": 271, "s390x": 280}
_DESCRIBE, _READ = 6, 11
_libc = ctypes.CDLL(None, use_errno=True)


def _keyctl(operation: int, serial: int, buffer: ctypes.Array[ctypes.c_char], size: int) -> int:
    number = _NUMBERS.get(platform.machine())
    if number is None:
        raise OSError(38, "keyctl's number on this machine is not known")
    result: int = _libc.syscall(
        ctypes.c_long(number), ctypes.c_int(operation), ctypes.c_int(serial), buffer,
        ctypes.c_size_t(size), ctypes.c_int(0),
    )  # fmt: skip
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def _answer(operation: int, serial: int, limit: int) -> tuple[bytes, int]:
    """What fits into ``limit`` bytes, and how long the whole is."""
    buffer = ctypes.create_string_buffer(min(4096, limit))
    size = _keyctl(operation, serial, buffer, len(buffer))
    if size > len(buffer) and len(buffer) < limit:
        buffer = ctypes.create_string_buffer(min(size, limit))
        size = _keyctl(operation, serial, buffer, len(buffer))
    return buffer.raw[: min(size, len(buffer))], size


def describe(serial: int) -> bytes:
    """``type;uid;gid;permissions;description``. Raises :class:`OSError`."""
    text, _ = _answer(_DESCRIBE, serial, 1 << 16)
    return text.rstrip(b"\0")


def payload(serial: int, limit: int) -> tuple[bytes, int]:
    """The first ``limit`` bytes of a key's payload, and its size. Raises :class:`OSError`."""
    return _answer(_READ, serial, limit)
