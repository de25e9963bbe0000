"""Where an interpreter's standard input comes from, when that is a socket: asked of few processes.

A link says only ``socket:[INODE]``. The protocol is an attribute of the socket's own inode
(sockfs, net/socket.c: ``system.sockprotoname``, read without opening it); who is at the other end
stands in ``/proc/PID/net/tcp`` of the process's own network namespace.
"""

from __future__ import annotations

from contextlib import suppress

from triage.model import OpenFile
from triage.predicates.interpreters import is_interpreter
from triage.proc.directory import ProcessDir

_SOCKET = "socket:["
_ATTRIBUTE = "system.sockprotoname"
_TABLE_MAX = 8 << 20


def socket_on_input(
    process: ProcessDir, exe: str | None, descriptors: tuple[tuple[int, str], ...] | None
) -> tuple[OpenFile, ...]:
    """The socket that an interpreter has as its standard input, or nothing."""
    if exe is None or not descriptors or not process.genuine:
        return ()
    number, target = descriptors[0]
    if number != 0 or not target.startswith(_SOCKET) or not is_interpreter(exe):
        return ()
    protocol: str | None = None
    with suppress(OSError):
        found = process.attribute("fd/0", _ATTRIBUTE)
        protocol = found.rstrip(b"\0").decode("ascii", "replace")[:32]
    peer = _peer(process, target, protocol) if protocol is not None else None
    return (OpenFile(0, target, protocol=protocol, peer=peer),)


def _peer(process: ProcessDir, target: str, protocol: str) -> str | None:
    from triage.parsers.connections import peer_of  # only where an interpreter has such an input

    inode = target.removeprefix(_SOCKET).rstrip("]")
    if not protocol.startswith(("TCP", "UDP")) or not inode.isdecimal():
        return None
    for name in ("net/tcp", "net/tcp6") if protocol.startswith("TCP") else ("net/udp", "net/udp6"):
        with suppress(OSError):
            peer = peer_of(process.read(name, _TABLE_MAX), int(inode))
            if peer is not None:
                return peer
    return None
