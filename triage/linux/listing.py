"""A directory's names by the kernel's own call, and by the C library's: they must be the same.

A library that is preloaded (``/etc/ld.so.preload``) replaces ``readdir``; the raw ``getdents64``
goes past it. Format: struct linux_dirent64, getdents(2).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct

_NUMBERS = {"x86_64": 217, "aarch64": 61, "riscv64": 61, "ppc64le": 202, "s390x": 220}
_BUFFER = 1 << 18
_ENTRIES_MAX = 1 << 20
_header = struct.Struct("=QqHB")
_libc = ctypes.CDLL(None, use_errno=True)


def raw_names(path: bytes, dir_fd: int | None = None) -> set[bytes]:
    """The names in a directory, by ``getdents64``. Raises :class:`OSError`."""
    number = _NUMBERS.get(platform.machine())
    if number is None:
        raise OSError(38, "getdents64's number on this machine is not known")
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        return _all(fd, number)
    finally:
        os.close(fd)


def _all(fd: int, number: int) -> set[bytes]:
    buffer = ctypes.create_string_buffer(_BUFFER)
    found: set[bytes] = set()
    while len(found) < _ENTRIES_MAX:
        size = _libc.syscall(ctypes.c_long(number), ctypes.c_int(fd), buffer, _BUFFER)
        if size < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        if size == 0:
            break
        data, place = ctypes.string_at(buffer, size), 0
        while place < size:
            length = _header.unpack_from(data, place)[2]
            found.add(data[place + 19 : data.index(b"\0", place + 19)])
            place += length
    return found - {b".", b".."}


def library_names(path: bytes, dir_fd: int | None = None) -> set[bytes]:
    """The same by the C library's ``readdir``. Raises :class:`OSError`."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        return {os.fsencode(name) for name in os.listdir(fd)}
    finally:
        os.close(fd)
