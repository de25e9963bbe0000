"""What lies unread in a pipe of another process, without taking it out and without opening it.

``pidfd_getfd(2)`` gives a descriptor of the very same open file: the kernel counts no reader and
no writer more (pipe->readers counts opens, fs/pipe.c), so nobody is told or kept from being told of
anything. ``tee(2)`` then copies references to the pages and consumes nothing; not even the time of
access changes. All that differs is that an end that its owner closes in that moment is closed some
microseconds later, with the end of file and the signals that come of it.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import stat
import struct
from typing import NamedTuple

_PIDFD_GETFD = 438  # the same number on every architecture, Linux 5.6
_FIONREAD = 0x541B
_F_SETPIPE_SZ, _F_GETPIPE_SZ = 1031, 1032
_NONBLOCK = 2  # SPLICE_F_NONBLOCK
_libc = ctypes.CDLL(None, use_errno=True)
_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_int, ctypes.c_uint)
_syscall.restype = ctypes.c_long
_libc.tee.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_size_t, ctypes.c_uint)
_libc.tee.restype = ctypes.c_ssize_t


class End(NamedTuple):
    """One end of a pipe: how much is unread, how much fits, which way it goes, what is in it.

    ``data`` is a copy of the first bytes, ``None`` of an end that cannot be read from.
    """

    unread: int
    capacity: int
    readable: bool
    writable: bool
    data: bytes | None


def look(pidfd: int, fd: int, inode: int, limit: int) -> End:
    """An end of the pipe with this inode. Raises :class:`OSError`; ESTALE for another file."""
    copy = int(_syscall(_PIDFD_GETFD, pidfd, fd, 0))
    if copy < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    ours: tuple[int, int] | None = None
    try:
        facts = os.fstat(copy)
        if not stat.S_ISFIFO(facts.st_mode) or facts.st_ino != inode:
            raise OSError(116, "the descriptor leads elsewhere by now")
        unread = struct.unpack("i", fcntl.ioctl(copy, _FIONREAD, bytes(4)))[0]
        way = fcntl.fcntl(copy, fcntl.F_GETFL) & os.O_ACCMODE
        capacity = fcntl.fcntl(copy, _F_GETPIPE_SZ)
        if unread > 0 and way != os.O_WRONLY:
            ours = _copied(copy, min(unread, limit), capacity)
    finally:
        os.close(copy)
    return End(unread, capacity, way != os.O_WRONLY, way != os.O_RDONLY, _taken(ours))


def _copied(source: int, wanted: int, capacity: int) -> tuple[int, int]:
    """A pipe of our own with what the other holds; the caller takes it out and closes it."""
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        fcntl.fcntl(writer, _F_SETPIPE_SZ, capacity)
    except OSError:
        pass  # above the limit of an ordinary user: the first 64 KiB have to do
    _libc.tee(source, writer, wanted, _NONBLOCK)
    return reader, writer


def _taken(ours: tuple[int, int] | None) -> bytes | None:
    if ours is None:
        return None
    reader, writer = ours
    os.close(writer)
    parts = []
    try:
        while part := os.read(reader, 1 << 20):
            parts.append(part)
    finally:
        os.close(reader)
    return b"".join(parts)
