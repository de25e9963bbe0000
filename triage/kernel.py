"""System calls that Python's ``os`` module lacks, each as one small function.

Structures and numbers are those of the kernel's user-space headers: ``linux/openat2.h``,
``linux/fs.h`` (PROCMAP_QUERY, PAGEMAP_SCAN), ``asm-generic/statfs.h``, ``linux/magic.h``.
Every function raises :class:`OSError` with the kernel's errno, and nothing else.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import select
import signal
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_IN_ROOT = 0x10
_SYS_OPENAT2 = 437  # the same number on every architecture

TMPFS_MAGIC = 0x01021994
RAMFS_MAGIC = 0x858458F6
HUGETLBFS_MAGIC = 0x958458F6
MQUEUE_MAGIC = 0x19800202
PROC_MAGIC = 0x9FA0
MEMORY_MAGICS = frozenset({TMPFS_MAGIC, RAMFS_MAGIC, HUGETLBFS_MAGIC, MQUEUE_MAGIC})
# devtmpfs reports TMPFS_MAGIC or RAMFS_MAGIC; mountinfo calls it by its own name.
MEMORY_FS_TYPES = frozenset({"tmpfs", "ramfs", "devtmpfs", "hugetlbfs", "mqueue", "rootfs"})

F_GET_SEALS = 1034
SEAL_ALL_WRITE = 0x0F  # SEAL | SHRINK | GROW | WRITE: content can never change again

_libc = ctypes.CDLL(None, use_errno=True)
# syscall(2) is variadic: without declared types ctypes would pass 32-bit integers.
_openat2 = ctypes.CDLL(None, use_errno=True).syscall
_openat2.argtypes = (
    ctypes.c_long, ctypes.c_long, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t,
)  # fmt: skip
_openat2.restype = ctypes.c_long


def openat2(dir_fd: int, path: bytes, flags: int, resolve: int) -> int:
    """Open ``path`` under ``dir_fd`` with kernel-side confinement (Linux 5.6)."""
    how = struct.pack("QQQ", flags | os.O_CLOEXEC, 0, resolve)
    while True:
        fd: int = _openat2(_SYS_OPENAT2, dir_fd, path, how, len(how))
        if fd >= 0:
            return fd
        number = ctypes.get_errno()
        # EAGAIN: a rename raced with the resolution of ".."; EINTR: a signal.
        if number not in (4, 11):
            raise OSError(number, os.strerror(number))


def fs_magic(fd: int) -> int:
    """``statfs.f_type`` of an open file, O_PATH included; unsigned 32 bits."""
    buffer = ctypes.create_string_buffer(256)
    if _libc.fstatfs(ctypes.c_int(fd), buffer) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    # f_type is the first word; only its low 32 bits carry the magic on any architecture.
    return int(struct.unpack_from("l", buffer)[0]) & 0xFFFFFFFF


def fs_magic_guarded(fd: int, seconds: float = 2.0) -> int | None:
    """The same for a file system that may never answer: asked by a child, given up after a while.

    ``statfs`` on a mount whose server or daemon is dead sleeps in the kernel; only the process
    that asked is lost by it, so it must not be us.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, struct.pack("=Q", fs_magic(fd)))
        finally:
            os._exit(0)
    os.close(writer)
    try:
        ready, _, _ = select.select([reader], [], [], seconds)
        answer = os.read(reader, 8) if ready else b""
    finally:
        os.close(reader)
    put_down(child)
    return int(struct.unpack("=Q", answer)[0]) if answer else None


def put_down(child: int, seconds: float = 1.0) -> None:
    """End a child of ours, and take its exit.

    One that the kernel does not let go, asleep in a file system whose server is dead, is left
    behind: to wait for it would be to sleep with it.
    """
    with suppress(ProcessLookupError, ChildProcessError):  # whoever ignores SIGCHLD has no zombies
        os.kill(child, signal.SIGKILL)
        try:
            ended = os.pidfd_open(child)
        except OSError:  # Linux before 5.3
            select.select([], [], [], 0.05)
        else:
            select.select([ended], [], [], seconds)
            os.close(ended)
        os.waitpid(child, os.WNOHANG)


def seals(fd: int) -> int | None:
    """The seals of an open (not O_PATH) memory file, ``None`` where there are none to have."""
    try:
        return fcntl.fcntl(fd, F_GET_SEALS)
    except OSError:
        return None


class Status(NamedTuple):
    """As much of ``struct statx`` as is used, under the names of ``os.stat_result``."""

    st_dev: int
    st_ino: int
    st_mode: int
    st_nlink: int
    st_uid: int
    st_gid: int
    st_size: int
    st_blocks: int
    st_mtime_ns: int
    st_ctime_ns: int


_AT_STATX_DONT_SYNC = 0x4000
_AT_SYMLINK_NOFOLLOW = 0x100
_STATX_BASIC_STATS = 0x7FF
# nlink uid gid mode ino size blocks attributes_mask, four times, rdev and dev (linux/stat.h)
_statx = struct.Struct("=16xIIIH2xQQQQ32xqI4xqI4x8xII")
_statx_device = struct.Struct("=II")
_statx_buffer = ctypes.create_string_buffer(256)
_packed_device = memoryview(_statx_buffer)[136:144]


def status_without_sync(dir_fd: int, name: bytes, *, follow: bool = True) -> Status:
    """``stat`` that asks the kernel only, never a file server.

    A plain ``stat`` on a dead network mount hangs for ever, and nothing can break it.
    """
    if not hasattr(_libc, "statx"):  # glibc before 2.28
        return _plain_status(dir_fd, name, follow)
    flags = _AT_STATX_DONT_SYNC | (0 if follow else _AT_SYMLINK_NOFOLLOW)
    if _libc.statx(dir_fd, name, flags, _STATX_BASIC_STATS, _statx_buffer) != 0:
        number = ctypes.get_errno()
        if number == errno.ENOSYS:  # Linux before 4.11
            return _plain_status(dir_fd, name, follow)
        raise OSError(number, os.strerror(number))
    (nlink, uid, gid, mode, inode, size, blocks, _, c_seconds, c_rest, m_seconds, m_rest,
     major, minor) = _statx.unpack_from(_statx_buffer)  # fmt: skip
    return Status(
        st_dev=os.makedev(major, minor),
        st_ino=inode,
        st_mode=mode,
        st_nlink=nlink,
        st_uid=uid,
        st_gid=gid,
        st_size=size,
        st_blocks=blocks,
        st_mtime_ns=m_seconds * 10**9 + m_rest,
        st_ctime_ns=c_seconds * 10**9 + c_rest,
    )


def devices_without_sync(dir_fd: int, numbers: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """(number, packed device) of what descriptors lead to, where they lead; ``dir_fd`` is of
    ``/proc/PID``.

    For what is asked of every descriptor of a box: no more than one call each, and no object. Few
    devices come again and again: :func:`unpacked_device` says ``st_dev`` of a new one.
    """
    statx = getattr(_libc, "statx", None)
    for number in numbers:
        name = b"fd/%d" % number
        if statx is not None and statx(dir_fd, name, _AT_STATX_DONT_SYNC, 0, _statx_buffer) == 0:
            yield number, _packed_device.tobytes()
            continue
        try:
            device = status_without_sync(dir_fd, name).st_dev
        except OSError:
            continue  # closed since it was listed
        yield number, _statx_device.pack(os.major(device), os.minor(device))


def unpacked_device(packed: bytes) -> int:
    """``st_dev`` of a device as :func:`devices_without_sync` tells it."""
    return os.makedev(*_statx_device.unpack(packed))


def _plain_status(dir_fd: int, name: bytes, follow: bool) -> Status:
    status = os.stat(name, dir_fd=dir_fd, follow_symlinks=follow)
    return Status(*(getattr(status, field) for field in Status._fields))


# --- PAGEMAP_SCAN (Linux 6.7) -------------------------------------------------------------

_PAGEMAP_SCAN = 0xC0606610  # _IOWR('f', 16, struct pm_scan_arg) with 96 bytes
_PAGE_IS_FILE = 1 << 2
_PAGE_IS_PRESENT = 1 << 3
_PAGE_IS_SWAPPED = 1 << 4
_SCAN_REGIONS = 256
_scan_vector = ctypes.create_string_buffer(24 * _SCAN_REGIONS)
_scan_range = struct.Struct("=QQ")
_scan_walked = struct.Struct("=Q")
_scan_region = struct.Struct("=QQQ")
# struct pm_scan_arg; of it only start, end and the kernel's answer differ from call to call
_scan_argument = bytearray(
    struct.pack(
        "=12Q", 96, 0, 0, 0, 0, ctypes.addressof(_scan_vector), _SCAN_REGIONS, 0,
        _PAGE_IS_FILE,  # inverted: we ask for pages that are *not* the file's
        _PAGE_IS_FILE,
        _PAGE_IS_PRESENT | _PAGE_IS_SWAPPED,
        _PAGE_IS_FILE | _PAGE_IS_PRESENT | _PAGE_IS_SWAPPED,
    )
)  # fmt: skip


def private_pages(pagemap_fd: int, start: int, end: int) -> list[tuple[int, int]]:
    """Address ranges in ``start..end`` whose pages exist but are not pages of the file.

    In a private file mapping those are the copies made by a write: ``ptrace``,
    ``/proc/PID/mem``, a debugger's breakpoint, a text relocation.
    """
    found: list[tuple[int, int]] = []
    position = start
    while position < end:
        _scan_range.pack_into(_scan_argument, 16, position, end)
        count = fcntl.ioctl(pagemap_fd, _PAGEMAP_SCAN, _scan_argument, True)
        for index in range(count):
            first, last, _ = _scan_region.unpack_from(_scan_vector, 24 * index)
            found.append((first, last))
        walked = int(_scan_walked.unpack_from(_scan_argument, 32)[0])
        if walked <= position:
            break
        position = walked
    return found


def private_pages_by_reading(
    pagemap_fd: int, start: int, end: int, page_size: int
) -> Iterator[tuple[int, int]]:
    """The same from the pagemap file itself, for kernels before 6.7 (bit 61: file page)."""
    present, swapped, of_file = 1 << 63, 1 << 62, 1 << 61
    block = 65536 * page_size
    for first in range(start, end, block):
        last = min(end, first + block)
        data = os.pread(pagemap_fd, (last - first) // page_size * 8, first // page_size * 8)
        for index, (entry,) in enumerate(struct.iter_unpack("=Q", data[: len(data) // 8 * 8])):
            if entry & (present | swapped) and not entry & of_file:
                address = first + index * page_size
                yield address, address + page_size
