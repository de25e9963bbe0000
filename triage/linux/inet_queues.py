"""Which TCP and UDP sockets got from this machine itself what nobody has read, and their peers.

Pure. Data from another machine is nobody's store. What came from here is told by the addresses of
both ends, as ``sock_diag(7)`` gives them (``struct inet_diag_msg``, linux/inet_diag.h).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from triage.linux.socket_queues import Queue

_STREAM, _DATAGRAM = 1, 2
_INET = 2
_OF_A_SOCKET = (18, 20)  # TCPDIAG_GETSOCK, SOCK_DIAG_BY_FAMILY
_header = struct.Struct("=IH")
_message = struct.Struct("=B3x4s16s16s16xI8xI")  # family, ports, addresses, unread, inode
_MAPPED = bytes(10) + b"\xff\xff"
_LOOPBACK = bytes(15) + b"\1"
_End = tuple[bytes, bytes]  # a host, as IPv6 has it, and a port


def paired(protocol: str, answers: list[bytes], least: int) -> Iterator[Queue]:
    """Those with at least so many bytes unread from this machine, and their peers.

    ``answers`` are of :func:`triage.linux.socket_queues.inet_answers`. A peer of 0 is gone, or
    never was: whoever sends a datagram need not be told.
    """
    kind = _STREAM if protocol == "tcp" else _DATAGRAM
    sockets = [one for answer in answers for one in _sockets(answer)]
    inodes = {(near, far): inode for near, far, _, inode in sockets}
    for near, far, unread, inode in sockets:
        # A connection that nobody accepted has no inode.
        if unread >= least and inode != 0 and _from_here(near[0], far[0]):
            yield Queue(inode, kind, unread, inodes.get((far, near), 0), protocol)


def _sockets(data: bytes) -> Iterator[tuple[_End, _End, int, int]]:
    """(near end, far end, bytes unread, inode) of each."""
    place = 0
    while place + 16 + _message.size <= len(data):
        length, kind = _header.unpack_from(data, place)
        if kind not in _OF_A_SOCKET or length < 16 + _message.size:
            return
        family, ports, a, b, unread, inode = _message.unpack_from(data, place + 16)
        near, far = _host(family, a), _host(family, b)
        yield (near, ports[:2]), (far, ports[2:]), unread, inode
        place += (length + 3) & ~3


def _host(family: int, address: bytes) -> bytes:
    """An IPv4 address as sockets of both families show it."""
    return _MAPPED + address[:4] if family == _INET else address


def _from_here(near: bytes, far: bytes) -> bool:
    """Whether only this machine can have sent it: both are one address, or it is the loopback's."""
    return near in (far, _LOOPBACK) or near[:13] == _MAPPED + b"\x7f"
