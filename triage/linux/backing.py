"""Where the bytes of a file on an overlay really lie: in memory, or on a disk.

An overlay shows files of other file systems under its own name, and its mount options are text
that may lead nowhere by now. The kernel itself tells: the overlay passes ``FIEMAP`` on to the real
inode, and tmpfs has no answer (ovl_fiemap, fs/overlayfs/inode.c); and the pages of a mapped file
in shared memory are "swap backed", those of ramfs are "unevictable" though nobody locked them;
those of a disk are neither (Documentation/admin-guide/mm/pagemap.rst).
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

_FIEMAP = 0xC020660B  # _IOWR('f', 11, struct fiemap), linux/fs.h
_PRESENT, _FRAME = 1 << 63, (1 << 55) - 1
# KPF_SWAPBACKED, KPF_ANON, KPF_UNEVICTABLE and KPF_MLOCKED, linux/kernel-page-flags.h
_SWAP_BACKED, _ANONYMOUS, _UNEVICTABLE, _LOCKED = 1 << 14, 1 << 12, 1 << 18, 1 << 33


def has_extents(fd: int) -> bool | None:
    """Whether the real file has places on a disk; ``None`` where that cannot be told."""
    request = bytearray(struct.pack("=QQIIII", 0, 1 << 40, 0, 0, 0, 0))
    try:
        fcntl.ioctl(fd, _FIEMAP, request)
        return True
    except OSError as error:
        return False if error.errno == errno.EOPNOTSUPP else None


def is_memory_only(pagemap: int, start: int, end: int, page_size: int) -> bool | None:
    """Whether the first page of a file's mapping that is there belongs to no disk.

    ``None`` where no page is there, or where the kernel does not tell (needs CAP_SYS_ADMIN).
    """
    data = os.pread(pagemap, min(end - start, 256 * page_size) // page_size * 8,
                    start // page_size * 8)  # fmt: skip
    for (entry,) in struct.iter_unpack("=Q", data[: len(data) // 8 * 8]):
        flags = _flags(entry & _FRAME) if entry & _PRESENT else None
        if flags is not None and not flags & _ANONYMOUS:
            return flags & _SWAP_BACKED != 0 or flags & (_UNEVICTABLE | _LOCKED) == _UNEVICTABLE
    return None


def _flags(frame: int) -> int | None:
    if frame == 0:  # what who may not know is told
        return None
    try:
        fd = os.open("/proc/kpageflags", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        data = os.pread(fd, 8, frame * 8)
    except OSError:
        return None
    finally:
        os.close(fd)
    return int(struct.unpack("=Q", data)[0]) if len(data) == 8 else None
