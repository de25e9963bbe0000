"""System V message queues with copies of what waits in them.

``msgrcv(2)`` with ``MSG_COPY`` (Linux 3.8, CONFIG_CHECKPOINT_RESTORE) copies a message and leaves
it where it is, without a trace in the queue's times or last reader (do_msgrcv, ipc/msg.c).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

from triage.parsers.ipc_tables import MessageQueue, message_queues

_TABLE = "/proc/sysvipc/msg"
_TABLE_MAX = 1 << 20
_IPC_NOWAIT, _MSG_NOERROR, _MSG_COPY = 0o4000, 0o10000, 0o40000
_MESSAGE_MAX, _COPIED_MAX, _QUEUES_MAX = 1 << 20, 2 << 20, 256
_LINE_MAX = 40
_TYPE = ctypes.sizeof(ctypes.c_long)
_libc = ctypes.CDLL(None, use_errno=True)


def packed() -> bytes:
    """The table of the namespace that this process is in, and behind each number its messages.

    After the table a NUL, and for each queue ``number size``, a line feed and so many bytes. Never
    raises.
    """
    try:
        with open(_TABLE, "rb") as file:
            table = file.read(_TABLE_MAX)
    except OSError:
        return b"\0"
    parts = [table, b"\0"]
    left = _COPIED_MAX
    for queue in list(message_queues(table))[:_QUEUES_MAX]:
        data = b"".join(_messages(queue.number, left)) if queue.bytes else b""
        left -= len(data)
        parts += [b"%d %d\n" % (queue.number, len(data)), data]
    return b"".join(parts)


def unpacked(data: bytes) -> Iterator[tuple[MessageQueue, bytes]]:
    """The inverse: each queue with its messages, one behind the other."""
    table, _, rest = data.partition(b"\0")
    copied: dict[int, bytes] = {}
    while rest:
        line, _, rest = rest.partition(b"\n")
        number, _, size = line.partition(b" ")
        if len(line) > _LINE_MAX or not number.isdigit() or not size.isdigit():
            break
        copied[int(number)], rest = rest[: int(size)], rest[int(size) :]
    for queue in message_queues(table):
        yield queue, copied.get(queue.number, b"")


def _messages(number: int, left: int) -> Iterator[bytes]:
    buffer = ctypes.create_string_buffer(_TYPE + _MESSAGE_MAX)
    flags = _IPC_NOWAIT | _MSG_NOERROR | _MSG_COPY
    index = 0
    while left > 0:
        size = _libc.msgrcv(
            number, buffer, ctypes.c_size_t(_MESSAGE_MAX), ctypes.c_long(index), flags
        )
        if size < 0:
            return  # no more, or a kernel that does not copy
        yield ctypes.string_at(ctypes.addressof(buffer) + _TYPE, min(size, left))
        left -= size
        index += 1
