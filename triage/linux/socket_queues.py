"""What waits in the queues of sockets: bytes that nobody has read, and files on their way.

``sock_diag(7)`` tells how much is unread in every socket of a network namespace (where its parts
are modules, the kernel loads them for that, as for ``ss``). What it is, is
seen by ``MSG_PEEK`` through a descriptor of the same socket (``pidfd_getfd(2)``): nothing is taken
out, and files that were passed are duplicated, not received (unix_peek_fds, net/unix/af_unix.c).
A socket whose owner uses ``SO_PEEK_OFF`` would notice, and is left alone. A child does it all, for
to close a received descriptor may wait for somebody.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from triage import kernel
from triage.linux.borrowing import borrowed_all

if TYPE_CHECKING:
    import _socket

_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _DONE, _ERROR = 4, 20, 3, 2
_REQUEST_DUMP = 0x301
_SHOW_PEER, _SHOW_QUEUE = 0x04, 0x10  # UDIAG_SHOW_*, linux/unix_diag.h
_PEER, _QUEUE = 2, 4  # UNIX_DIAG_PEER, UNIX_DIAG_RQLEN
_LISTEN = 10
_header = struct.Struct("=IHHII")
_TCPDIAG_GETSOCK = 18
# Established, FIN-WAIT-1 and 2, CLOSE-WAIT: those in which data may wait (tcp_states.h).
_TCP_STATES = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8
_unread = struct.Struct("=I")
_message = struct.Struct("=BBBBI8x")
_attribute = struct.Struct("=HH")
_PIDFD_GETFD = 438
_PASSED_MAX, _DEEPEST = 253, 4  # SCM_MAX_FD, net/scm.h
_FILES_MAX = 48
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Queue(NamedTuple):
    """A socket: inode, kind as in ``socket(2)``, bytes unread, its peer's inode (0: none).

    ``protocol`` is that of a socket that is no UNIX socket.
    """

    inode: int
    kind: int
    unread: int
    peer: int
    protocol: str = ""


def queues(namespace: str | None = None) -> Iterator[Queue]:
    """All UNIX sockets of a network namespace (a path that leads to it; else our own) but servers.

    Raises :class:`OSError`. To ask another namespace this thread is in it for a moment.
    """
    show = _SHOW_PEER | _SHOW_QUEUE
    request = struct.pack("=BBHIIIII", 1, 0, 0, 0xFFFFFFFF, 0, show, 0, 0)  # unix_diag_req
    for data in dumped(namespace, _SOCK_DIAG_BY_FAMILY, request):
        place = 0
        while place + 16 <= len(data):
            length, kind = _header.unpack_from(data, place)[:2]
            if kind in (_DONE, _ERROR) or length < 16:
                return
            if kind == _SOCK_DIAG_BY_FAMILY:
                queue = _queue(data, place + 16, place + length)
                if queue is not None:
                    yield queue
            place += (length + 3) & ~3


def inet_answers(namespace: str | None, protocol: str, least: int) -> list[bytes]:
    """What the kernel tells of ``tcp`` or ``udp`` sockets, if so much is unread in one of them.

    Both families of TCP come in one answer (inet_diag_dump_compat, net/ipv4/inet_diag.c).
    Nothing is asked of a socket. Raises :class:`OSError`; each protocol is a module of its own.
    """
    if protocol == "tcp":
        request = bytes(52) + struct.pack("=II", _TCP_STATES, 0)  # inet_diag_req
        found = list(dumped(namespace, _TCPDIAG_GETSOCK, request))
    else:
        asked = (struct.pack("=BBHI48x", family, 17, 0, 0xFFFFFFFF) for family in (2, 10))
        found = [  # inet_diag_req_v2, of AF_INET and AF_INET6
            one for request in asked for one in dumped(namespace, _SOCK_DIAG_BY_FAMILY, request)
        ]
    return found if any(_waits(one, least) for one in found) else []


def _waits(data: bytes, least: int) -> bool:
    """Whether one of an answer's sockets has so much unread (inet_diag_msg.idiag_rqueue)."""
    place = 0
    while place + 88 <= len(data):
        length = _header.unpack_from(data, place)[0]
        if length < 88:
            return False
        if _unread.unpack_from(data, place + 72)[0] >= least:
            return True
        place += (length + 3) & ~3
    return False


def _queue(data: bytes, place: int, end: int) -> Queue | None:
    _, kind, state, _, inode = _message.unpack_from(data, place)
    if state == _LISTEN:
        return None  # its queue counts connections
    unread = peer = 0
    place += 16
    while place + 8 <= end:
        length, name = _attribute.unpack_from(data, place)
        if length < 4:
            break
        if name == _QUEUE:
            unread = struct.unpack_from("=I", data, place + 4)[0]
        elif name == _PEER:
            peer = struct.unpack_from("=I", data, place + 4)[0]
        place += (length + 3) & ~3
    return Queue(inode, kind, unread, peer)


def dumped(namespace: str | None, kind: int, request: bytes) -> Iterator[bytes]:
    """The kernel's answers to a question of ``sock_diag(7)``, as they come. Raises OSError."""
    import _socket  # the module around it takes longer to load than all else here

    size = 16 + len(request)
    asker = _opened_in(namespace)
    try:
        asker.settimeout(2.0)
        asker.send(_header.pack(size, kind, _REQUEST_DUMP, 1, 0) + request)
        while True:
            data = asker.recv(1 << 17)
            yield data
            if len(data) < 16 or _header.unpack_from(data)[1] in (_DONE, _ERROR):
                return
    except _socket.timeout:
        return
    finally:
        asker.close()


def _opened_in(namespace: str | None) -> _socket.socket:
    import _socket

    if namespace is None:
        return _socket.socket(16, 3, _NETLINK_SOCK_DIAG)  # AF_NETLINK, SOCK_RAW
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        other = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(other)
        finally:
            os.close(other)
        try:
            return _socket.socket(16, 3, _NETLINK_SOCK_DIAG)
        finally:
            _enter(own)
    finally:
        os.close(own)


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


# --- what waits in one of them ------------------------------------------------------------


def peek(pid: int, fd: int, inode: int, limit: int) -> tuple[bytes, list[int]]:
    """The unread bytes of a process's socket, and descriptors of the memory files in it.

    Those of the first message that has files, and of sockets that were passed in it. The caller
    closes the descriptors. Raises :class:`OSError`.
    """
    held, *files = borrowed_all(lambda: _peeked(pid, fd, inode, limit))
    with open(held, "rb") as file:
        file.seek(0)
        return file.read(limit), files


def _peeked(pid: int, fd: int, inode: int, limit: int) -> list[int]:
    pidfd = os.pidfd_open(pid)
    copy = int(_libc.syscall(ctypes.c_long(_PIDFD_GETFD), pidfd, fd, 0))
    if copy < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    facts = os.fstat(copy)
    if not stat.S_ISSOCK(facts.st_mode) or facts.st_ino != inode:
        raise OSError(116, "the descriptor leads elsewhere by now")
    files: list[int] = []
    data = _looked_into(copy, limit, files, _DEEPEST)
    memory = os.memfd_create("unread", os.MFD_CLOEXEC)
    os.write(memory, data)
    return [memory, *files]


def _looked_into(fd: int, limit: int, files: list[int], depth: int) -> bytes:
    import _socket

    socket = _socket.socket(fileno=fd)
    if _is_counted(socket):
        return b""
    flags = _socket.MSG_PEEK | _socket.MSG_DONTWAIT | _socket.MSG_CMSG_CLOEXEC
    try:
        data, passed, _, _ = socket.recvmsg(limit, _socket.CMSG_SPACE(4 * _PASSED_MAX), flags)
    except BlockingIOError:
        return b""
    for level, kind, value in passed:
        if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
            for (one,) in struct.iter_unpack("=i", value[: len(value) // 4 * 4]):
                _sorted_in(one, limit, files, depth)
    return data


def _is_counted(socket: _socket.socket) -> bool:
    """Whether its owner uses ``SO_PEEK_OFF``, and would notice a look. TCP has it since 6.9."""
    try:
        return socket.getsockopt(1, 42) >= 0  # SOL_SOCKET
    except OSError:
        return False


def _sorted_in(fd: int, limit: int, files: list[int], depth: int) -> None:
    """Keep a memory file, look into a socket, close all else."""
    mode = os.fstat(fd).st_mode
    if stat.S_ISSOCK(mode) and depth > 0:
        _looked_into(fd, limit, files, depth - 1)
        return  # closed together with its object
    in_memory = stat.S_ISREG(mode) and kernel.fs_magic(fd) in kernel.MEMORY_MAGICS
    if in_memory and len(files) < _FILES_MAX:
        files.append(fd)
    else:
        os.close(fd)
