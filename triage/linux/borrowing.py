"""A descriptor opened by a child that first goes where this process must not go itself.

The child enters a mount namespace, or makes a copy of one for itself, and may take mounts off in
that copy: nobody else's mounts change, for the copy's are made private first, and it ends with
the child. What it opened comes back over a socket, and stays readable. Sources: setns(2),
mount_namespaces(7), unix(7).
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable

from triage.kernel import put_down
from triage.linux.mounting import without_mounts

CLONE_NEWNS = 0x00020000
_MS_REC_PRIVATE = 0x4000 | 0x40000
_DETACH_NOFOLLOW = 0x2 | 0x8  # MNT_DETACH, UMOUNT_NOFOLLOW
_TAKEN_OFF_MAX = 64
_SECONDS = 5.0
_FDS_MAX = 64
_PATH = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_libc = ctypes.CDLL(None, use_errno=True)


def borrowed(question: Callable[[], int], seconds: float = _SECONDS) -> int:
    """The descriptor that ``question`` returns in a child. Raises :class:`OSError`.

    The caller closes it. A child that does not answer in time is killed.
    """
    return borrowed_all(lambda: [question()], seconds)[0]


def borrowed_all(question: Callable[[], list[int]], seconds: float = _SECONDS) -> list[int]:
    """The same for at most 64 descriptors."""
    import socket

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    child = os.fork()
    if child == 0:
        try:
            socket.send_fds(theirs, [b"+"], question()[:_FDS_MAX])
        except OSError as error:
            theirs.send(b"-%d" % (error.errno or 0))
        finally:
            os._exit(0)
    theirs.close()
    ours.settimeout(seconds)
    try:
        data, fds, _, _ = socket.recv_fds(ours, 16, _FDS_MAX, socket.MSG_CMSG_CLOEXEC)
    finally:
        ours.close()
        put_down(child)
    if not fds:
        number = int(data[1:] or b"0") if data[:1] == b"-" else errno.ENODATA
        raise OSError(number, os.strerror(number))
    return fds


def top_of_namespace(namespace: int) -> int:
    """The root directory of the mount namespace behind a descriptor. Raises :class:`OSError`."""

    def opened() -> int:
        enter(namespace)
        return os.open(b"/", _PATH)

    return borrowed(opened)


def directory_in(namespace: int | None, point: bytes, device: int) -> int:
    """The top of the mount of a device at a point, with nothing mounted over or below it.

    In the namespace behind a descriptor, or in our own. What covers the point is taken off in a
    copy of the namespace. Raises :class:`OSError`.
    """

    def opened() -> int:
        if namespace is not None:
            enter(namespace)
        _check(_libc.unshare(CLONE_NEWNS))
        _check(_libc.mount(None, b"/", None, ctypes.c_ulong(_MS_REC_PRIVATE), None))
        for _ in range(_TAKEN_OFF_MAX):
            if _device_at(point) == device:
                return without_mounts(os.fsdecode(point))
            _take_off(point)
        raise FileNotFoundError(2, "too much is mounted over it")

    return borrowed(opened)


def _device_at(point: bytes) -> int | None:
    try:
        fd = os.open(point, _PATH)
    except OSError:
        return None
    try:
        return os.fstat(fd).st_dev
    finally:
        os.close(fd)


def _take_off(point: bytes) -> None:
    """Unmount what is on top at a path, or at the nearest directory above it."""
    path = point
    while path not in (b"/", b""):
        if _libc.umount2(path, _DETACH_NOFOLLOW) == 0:
            return
        path = os.path.dirname(path)
    raise FileNotFoundError(2, "nothing more is mounted over it")


def enter(namespace: int) -> None:
    """Go into the mount namespace behind a descriptor; for a child only. Raises OSError."""
    _check(_libc.setns(namespace, CLONE_NEWNS))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
