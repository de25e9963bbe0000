"""The other end of a socket in ``/proc/net/tcp`` and ``tcp6``."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from triage.parsers.connections import peer_of

HEADER = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
FOUR = (
    b"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1\n"
    b"   1: 0100007F:1F90 070200C0:115C 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1\n"
)
SIX = (
    b"   0: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF0000070200C0:115C 01 "
    b"00000000:00000000 00:00000000 00000000     0        0 12 1\n"
    b"   1: B80D0120000000000000000001000000:1F90 B80D0120000000000000000002000000:01BB 01 "
    b"00000000:00000000 00:00000000 00000000     0        0 13 1\n"
)


@pytest.mark.parametrize(
    ("table", "inode", "wanted"),
    [
        (FOUR, 4711, "192.0.2.7:4444"),
        (FOUR, 11, "0.0.0.0:0"),
        (FOUR, 1000, None),
        (SIX, 12, "192.0.2.7:4444"),
        (SIX, 13, "[2001:db8::2]:443"),
        (b"", 1, None),
        (b" 7 7 7", 7, None),
    ],
)
def test_peers(table: bytes, inode: int, wanted: str | None) -> None:
    assert peer_of(HEADER + table, inode) == wanted


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="no /proc")
def test_a_real_connection() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        inode = Path(f"/proc/self/fd/{client.fileno()}").stat().st_ino
        table = Path("/proc/self/net/tcp").read_bytes()
        assert peer_of(table, inode) == f"127.0.0.1:{server.getsockname()[1]}"
