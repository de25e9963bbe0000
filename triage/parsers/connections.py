"""Lines of ``/proc/net/tcp`` and its kin: which address a socket is connected to.

Format: net/ipv4/tcp_ipv4.c (get_tcp4_sock), net/ipv6/tcp_ipv6.c (get_tcp6_sock): an address is
printed as 32-bit words in the machine's own byte order, which is little endian wherever this runs.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

_ADDRESS = re.compile(rb"([0-9A-Fa-f]{8}|[0-9A-Fa-f]{32}):([0-9A-Fa-f]{4})")
_REMOTE, _INODE = 2, 9


def peer_of(table: bytes, inode: int) -> str | None:
    """``ADDRESS:PORT`` of the other end of a socket; ``None`` when the table does not have it."""
    mark = b" %d " % inode
    place = table.find(mark)
    while place >= 0:
        end = table.find(b"\n", place) % (len(table) + 1)
        fields = table[table.rfind(b"\n", 0, place) + 1 : end].split()
        if len(fields) > _INODE and fields[_INODE] == str(inode).encode():
            return _address(fields[_REMOTE])
        place = table.find(mark, end)
    return None


def _address(text: bytes) -> str | None:
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    raw = bytes.fromhex(match[1].decode())
    words = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    port = int(match[2], 16)
    if len(words) == 4:
        return f"{IPv4Address(words)}:{port}"
    six = IPv6Address(words)
    return f"{six.ipv4_mapped}:{port}" if six.ipv4_mapped is not None else f"[{six}]:{port}"
