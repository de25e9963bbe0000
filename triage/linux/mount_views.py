"""A mount seen without what is mounted over it and on its directories, in any mount namespace."""

from __future__ import annotations

import os

from triage.linux.borrowing import directory_in
from triage.linux.mounting import without_mounts


def bare(door: str | None, point: str, dev: str, *, covered: bool) -> int:
    """The top of the mount of a device at a point. Raises :class:`OSError`.

    ``door`` is a path that leads to its mount namespace, ``None`` for our own; ``dev`` is
    ``major:minor``. ``covered`` says that the point leads elsewhere now. The caller closes the
    descriptor.
    """
    major, _, minor = dev.partition(":")
    device = os.makedev(int(major), int(minor))
    if door is None:
        if not covered:
            return _of(without_mounts(point), device)
        return directory_in(None, os.fsencode(point), device)
    namespace = os.open(door, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return directory_in(namespace, os.fsencode(point), device)
    finally:
        os.close(namespace)


def _of(handle: int, device: int) -> int:
    if os.fstat(handle).st_dev == device:
        return handle
    os.close(handle)
    raise FileNotFoundError(2, "another file system lies there by now")
