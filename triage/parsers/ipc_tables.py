"""Tables of ``/proc`` about what is no file: SysV segments, keys, UNIX sockets.

Formats: sysvipc(5) and ipc/shm.c (sysvipc_shm_proc_show), security/keys/proc.c (proc_keys_show,
proc_key_users_show), net/unix/af_unix.c (unix_seq_show). Bytes in: names are chosen by whoever
made the thing, and may hold line feeds that forge lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from triage.content.patterns import lazy

SHM_DEST, SHM_LOCKED = 0o1000, 0o2000  # include/linux/shm.h


class Segment(NamedTuple):
    """One line of ``/proc/sysvipc/shm``. ``mode`` has SHM_DEST and SHM_LOCKED in it.

    ``used`` are the bytes that were ever written, in memory or swapped out (Linux 2.6.36).
    """

    key: int
    number: int
    mode: int
    size: int
    creator: int
    last: int
    attached: int
    uid: int
    changed: int
    used: int | None = None


def segments(data: bytes) -> Iterator[Segment]:
    """Every line that holds numbers where numbers belong; others are left out."""
    for line in data.split(b"\n")[1:]:
        fields = line.split()
        if len(fields) < 14 or not all(_plain(field) for field in fields[:14]):
            continue
        key, number, _, size, creator, last, attached, uid = (int(f) for f in fields[:8])
        if not set(fields[2]) <= set(b"01234567"):
            continue
        mode = int(fields[2], 8)
        used = sum(map(int, fields[14:16])) if _all_plain(fields[14:16]) else None
        yield Segment(
            key & 0xFFFFFFFF, number, mode, size, creator, last, attached, uid, int(fields[13]),
            used,
        )  # fmt: skip


class MessageQueue(NamedTuple):
    """One line of ``/proc/sysvipc/msg``: unread bytes and messages, who sent and who read last."""

    key: int
    number: int
    mode: int
    bytes: int
    messages: int
    sender: int
    reader: int
    uid: int


def message_queues(data: bytes) -> Iterator[MessageQueue]:
    """Every line that holds numbers where numbers belong (sysvipc_msg_proc_show, ipc/msg.c)."""
    for line in data.split(b"\n")[1:]:
        fields = line.split()
        if len(fields) < 14 or not all(_plain(field) for field in fields[:14]):
            continue
        if not set(fields[2]) <= set(b"01234567"):
            continue
        key, number, _, size, messages, sender, reader, uid = (int(f) for f in fields[:8])
        mode = int(fields[2], 8)
        yield MessageQueue(key & 0xFFFFFFFF, number, mode, size, messages, sender, reader, uid)


def _all_plain(fields: list[bytes]) -> bool:
    return len(fields) == 2 and all(field.isdigit() and len(field) < 19 for field in fields)


def _plain(field: bytes) -> bool:
    return len(field) <= 20 and field.removeprefix(b"-").isdigit()


class Key(NamedTuple):
    """One line of ``/proc/keys``. ``size`` is the payload's, where the type prints it."""

    serial: int
    flags: str
    expires: str
    permissions: int
    uid: int
    type: str
    description: bytes
    size: int | None


_KEY = lazy(
    rb"^([0-9a-f]{8}) ([A-Za-z-]{6,9}) +\d+ +(\S{1,8}) ([0-9a-f]{8}) +(-?\d{1,10}) +-?\d{1,10} "
    rb"(.{9}) (.*)$"
)
_SIZE = lazy(rb": (\d{1,10})(?: \[(?:file|buff)\])?$")


def keys(data: bytes) -> Iterator[Key]:
    """Every line that looks like one; a description with a line feed can forge more."""
    for line in data.split(b"\n"):
        match = _KEY.match(line)
        if match is None:
            continue
        kind = match[6].decode("latin-1").strip()
        text, size = match[7], None
        sized = _SIZE.search(text) if kind != "keyring" else None
        if sized is not None:
            text, size = text[: sized.start()], int(sized[1])
        yield Key(
            serial=int(match[1], 16),
            flags=match[2].decode("ascii"),
            expires=match[3].decode("latin-1"),
            permissions=int(match[4], 16),
            uid=int(match[5]),
            type=kind,
            description=text,
            size=size,
        )


_KEY_USER = lazy(rb"^ *(\d{1,10}): +\d+ \d+/\d+ (\d{1,10})/\d+ (\d{1,10})/\d+$")


def key_users(data: bytes) -> dict[int, tuple[int, int]]:
    """By uid: how many keys count against its quota, and how many bytes."""
    found = {}
    for line in data.split(b"\n"):
        match = _KEY_USER.match(line)
        if match is not None:
            found[int(match[1])] = int(match[2]), int(match[3])
    return found


class Socket(NamedTuple):
    """An abstract UNIX socket. The kernel prints every NUL of the name as ``@``."""

    name: bytes
    kind: int
    listening: bool
    inode: int


_SOCKET = lazy(
    rb"^[0-9a-f]{8,16}: [0-9A-F]{8} 00000000 ([0-9A-F]{8}) ([0-9A-F]{4}) ([0-9A-F]{2}) "
    rb" *(\d{1,20}) @",
    re.MULTILINE,
)
_NEXT = lazy(rb"\n[0-9a-f]{8,16}: [0-9A-F]{8} 00000000 |\n?\Z")
_ACCEPTING = 0x10000  # __SO_ACCEPTCON


def abstract_sockets(data: bytes) -> Iterator[Socket]:
    """The sockets with a name that is in no file system; a name may run over several lines."""
    for match in _SOCKET.finditer(data):
        end = _NEXT.search(data, match.end())
        name = data[match.end() : len(data) if end is None else end.start()]
        yield Socket(name, int(match[2], 16), bool(int(match[1], 16) & _ACCEPTING), int(match[4]))
