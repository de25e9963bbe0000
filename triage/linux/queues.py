"""POSIX message queues: their names, owners, limits and fill; never a message.

A queue's file tells its fill (Documentation/filesystems: mq_overview(7)), ``mq_getsetattr`` on a
descriptor opened for reading its limits. Neither takes a message out.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import re
import stat
import struct
from typing import NamedTuple

from triage.content.patterns import lazy
from triage.evidence import decode

_NUMBERS = {"x86_64": 245, "aarch64": 185, "riscv64": 185, "ppc64le": 267, "s390x": 276}
_QUEUES_MAX = 4096
_FILL = lazy(rb"QSIZE:(\d{1,19})")
_NOTIFY = lazy(rb"NOTIFY_PID:(\d{1,10})")
_libc = ctypes.CDLL(None, use_errno=True)


class Queue(NamedTuple):
    """``bytes`` unread in ``messages`` messages; at most ``most`` of ``largest`` bytes each."""

    name: str
    inode: int
    uid: int
    mode: int
    bytes: int | None
    messages: int | None
    most: int | None
    largest: int | None
    notifies: int | None


def queues(directory: int) -> tuple[Queue, ...]:
    """All queues of an open mqueue file system. Raises :class:`OSError`."""
    listable = os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    try:
        names = sorted(os.fsencode(name) for name in os.listdir(listable))[:_QUEUES_MAX]
    finally:
        os.close(listable)
    return tuple(queue for name in names if (queue := _queue(directory, name)) is not None)


def as_bytes(found: tuple[Queue, ...]) -> bytes:
    """For the way out of a child that lives in another namespace."""
    return json.dumps([tuple(queue) for queue in found]).encode("ascii")


def from_bytes(data: bytes) -> tuple[Queue, ...]:
    """The inverse; empty for what was cut."""
    try:
        return tuple(Queue(*row) for row in json.loads(data or b"[]"))
    except (ValueError, TypeError):
        return ()


def _queue(directory: int, name: bytes) -> Queue | None:
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=directory)
    except OSError:
        return None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return None
        text = os.read(fd, 512)
        most, largest, messages = _limits(fd)
        return Queue(
            decode(name), status.st_ino, status.st_uid, status.st_mode & 0o7777,
            _number(_FILL, text), messages, most, largest, _number(_NOTIFY, text),
        )  # fmt: skip
    except OSError:
        return None
    finally:
        os.close(fd)


def _number(pattern: re.Pattern[bytes], text: bytes) -> int | None:
    match = pattern.search(text)
    return None if match is None else int(match[1])


def _limits(fd: int) -> tuple[int | None, int | None, int | None]:
    """mq_maxmsg, mq_msgsize and mq_curmsgs (struct mq_attr, linux/mqueue.h)."""
    number = _NUMBERS.get(platform.machine())
    attributes = ctypes.create_string_buffer(64)
    if number is None or _libc.syscall(number, fd, None, attributes) != 0:
        return None, None, None
    _, most, largest, messages = struct.unpack_from("=4q", attributes)
    return most, largest, messages
