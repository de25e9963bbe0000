"""The kernel's process connector: a message for every execution, over netlink.

Needs CAP_NET_ADMIN, and works only from the initial user and pid namespaces: elsewhere the kernel
drops the request without a word, so its acknowledgement is waited for.
Sources: drivers/connector/cn_proc.c, include/uapi/linux/cn_proc.h, linux/connector.h,
linux/filter.h. All structures are in the machine's byte order.
"""

from __future__ import annotations

import ctypes
import os
import re
import select
import socket
import struct
import time

from triage.records import dataclass

_NETLINK_CONNECTOR = 11
_CN_IDX_PROC = _CN_VAL_PROC = 1
_LISTEN, _IGNORE = 1, 2
_NONE, _EXEC = 0, 2
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE = 26, 33
_ROOM = 16 << 20
_PATIENCE = 2.0
# nlmsghdr (16 bytes) and cn_msg (20); then proc_event: what, cpu, timestamp, and for an execution
# the thread's and the process's number.
_header = struct.Struct("=IHHII")
_message = struct.Struct("=IIIIHH")
_event = struct.Struct("=IIQii")
_AT = _header.size + _message.size
_DATAGRAM = 256
# The inodes of the first namespaces (include/linux/proc_ns.h).
_INITIAL = {"pid": 0xEFFFFFFC, "user": 0xEFFFFFFD}


class Unavailable(Exception):
    """This way of hearing of executions does not work here; the message says why."""


@dataclass(frozen=True, slots=True)
class Executed:
    """An execution: the process's number, and the monotonic clock's nanoseconds.

    ``path`` is what was executed where the source tells it.
    """

    pid: int
    moment: int
    path: str | None = None


def _check_namespaces() -> None:
    """Elsewhere the request is dropped, or the numbers heard are not those of our ``/proc``."""
    for name, initial in _INITIAL.items():
        try:
            here = os.readlink(f"/proc/self/ns/{name}")
        except OSError:
            continue
        if here != f"{name}:[{initial}]":
            raise Unavailable(
                "the process connector gives its events to the initial user and pid namespaces "
                f"only, and this is another {name} namespace: a container"
            )


class Connector:
    """Hears of executions from the moment it is made until :meth:`close`."""

    name = "the process connector"

    def __init__(self) -> None:
        """Raises :class:`Unavailable`."""
        _check_namespaces()
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_CONNECTOR)
        except OSError as error:
            raise Unavailable(f"no netlink connector: {error.strerror}") from error
        try:
            self._open()
        except OSError as error:
            self._socket.close()
            raise Unavailable(f"the process connector refused: {error.strerror}") from error
        except Unavailable:
            self._socket.close()
            raise

    def _open(self) -> None:
        self._filter()
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _ROOM)
        except OSError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        self._socket.bind((0, _CN_IDX_PROC))
        token = os.getpid() << 8  # the kernel adds one to it in its answer (cn_proc_ack)
        self._ask(_LISTEN, token)
        self._acknowledged(token)
        self._socket.setblocking(False)

    def _filter(self) -> None:
        """Only executions and answers wake us: of forks and exits a busy box has thousands."""
        load, equal, accept = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
        wanted = [socket.ntohl(_EXEC), socket.ntohl(_NONE)]
        steps = [
            (load, 0, 0, _AT),
            (equal, 1, 0, wanted[0]),
            (equal, 0, 1, wanted[1]),
            (accept, 0, 0, 0xFFFFFFFF),
            (accept, 0, 0, 0),
        ]
        program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *s) for s in steps))
        request = struct.pack("@HP", len(steps), ctypes.addressof(program))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, request)

    def _ask(self, what: int, token: int = 0) -> None:
        body = _message.pack(_CN_IDX_PROC, _CN_VAL_PROC, 0, token, 4, 0) + struct.pack("=I", what)
        head = _header.pack(_header.size + len(body), 3, 0, 0, os.getpid())
        self._socket.send(head + body)

    def _acknowledged(self, token: int) -> None:
        """Wait for the answer to our own request: others' go to every listener, too."""
        end = time.monotonic() + _PATIENCE
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._socket], [], [], left)[0]:
                break
            data = self._socket.recv(_DATAGRAM)
            if len(data) >= _AT + _event.size:
                answered = _message.unpack_from(data, _header.size)[3]
                what = _event.unpack_from(data, _AT)[0]
                if what == _NONE and answered == token + 1:
                    return
        raise Unavailable("the process connector did not answer")

    def fileno(self) -> int:
        return self._socket.fileno()

    def events(self) -> tuple[list[Executed], int]:
        """All that has arrived, and how many were lost. Does not block."""
        found: list[Executed] = []
        lost = 0
        while True:
            try:
                data = self._socket.recv(_DATAGRAM)
            except BlockingIOError:
                return found, lost
            except OSError:  # ENOBUFS: there was no room, and the kernel dropped some
                lost += self._dropped()
                continue
            if len(data) >= _AT + _event.size:
                what, _, moment, _, process = _event.unpack_from(data, _AT)
                if what == _EXEC:
                    found.append(Executed(process, moment))

    _drops_before = 0

    def _dropped(self) -> int:
        """How many messages the kernel dropped since the last time, by its own count."""
        inode = os.fstat(self._socket.fileno()).st_ino
        with open("/proc/net/netlink", "rb") as file:
            match = re.search(rb" (\d+) +%d *$" % inode, file.read(), re.MULTILINE)
        if match is None:
            return 1
        lost = int(match[1]) - self._drops_before
        self._drops_before = int(match[1])
        return max(lost, 1)

    def abandon(self) -> None:
        """Close without a word: the process that listens is another one by now."""
        self._socket.close()

    def close(self) -> None:
        """Tell the kernel that nobody listens any more, and close.

        Only once: kernels before 6.6 count listeners, and would stop telling others.
        """
        if self._socket.fileno() < 0:
            return
        try:
            self._ask(_IGNORE)
        except OSError:
            pass
        self._socket.close()
