"""``janitor.py``: clears away what a kernel keeps, as soon as its standard input ends.

Each line is JSON, ``[kind, argument...]``; they are undone last first when the tests end, however
that came about: a killed run closes the pipe, too. Standard library only, run with ``-I -S``.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import sys

_USER_KEYRING = -4
_KEYCTL, _UNLINK, _SEARCH = 250, 9, 10
_MQ_UNLINK, _IPC_RMID, _MNT_DETACH, _LOOP_CLR_FD = 241, 0, 2, 0x4C01
_OPEN_TREE, _AT_FDCWD, _CLONE = 428, -100, 1
_libc = ctypes.CDLL(None, use_errno=True)


def key(kind: str, name: str) -> None:
    """A key of the user keyring, by its type and description."""
    words = (kind.encode(), name.encode())
    serial = _libc.syscall(_KEYCTL, _SEARCH, _USER_KEYRING, *words, 0)
    if serial > 0:
        _libc.syscall(_KEYCTL, _UNLINK, serial, _USER_KEYRING)


def segment(number: int) -> None:
    _libc.shmctl(number, _IPC_RMID, None)


def queue(name: str) -> None:
    _libc.syscall(_MQ_UNLINK, name.encode())


def unmount(point: str) -> None:
    _libc.umount2(point.encode(), _MNT_DETACH)


def loop(backing: str) -> None:
    """Every loop device over a file, whatever number it was given."""
    for name in os.listdir("/sys/block"):
        path = f"/sys/block/{name}/loop/backing_file"
        if name.startswith("loop") and os.path.exists(path):
            with open(path) as file:
                if file.read().rstrip("\n").removesuffix(" (deleted)") != backing:
                    continue
            fd = os.open(f"/dev/{name}", os.O_RDONLY)
            try:
                fcntl.ioctl(fd, _LOOP_CLR_FD)
            finally:
                os.close(fd)


def under_mounts(path: str) -> None:
    """A file of the root file system that lies under a mount."""
    tree = _libc.syscall(_OPEN_TREE, _AT_FDCWD, b"/", _CLONE)
    if tree >= 0:
        os.unlink(path.lstrip("/"), dir_fd=tree)
        os.close(tree)


UNDO = {"key": key, "segment": segment, "queue": queue, "unmount": unmount, "loop": loop,
        "under_mounts": under_mounts}  # fmt: skip


def main() -> None:
    for line in reversed(sys.stdin.read().splitlines()):
        kind, *arguments = json.loads(line)
        try:
            UNDO[kind](*arguments)
        except OSError:
            continue


if __name__ == "__main__":
    main()
