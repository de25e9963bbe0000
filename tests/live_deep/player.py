"""The children of the deep stage: ``player.py FILE`` enters a state, says so, and waits.

FILE is JSON: the act's name and its arguments; ``data`` arguments are paths of files with the
bytes. Standard library only, run with ``-I -S``; prints ``ready {json}`` or ``refused reason``.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import struct
import sys
from typing import Any

Facts = dict[str, Any]
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
kept: list[Any] = []
IPC_PRIVATE, IPC_CREAT, IPC_RMID = 0, 0o1000, 0
MQ_OPEN, MQ_SEND = 240, 242
CLONE_NEWIPC = 0x08000000


class Refused(Exception):
    """The kernel does not let this state be entered."""


def main() -> None:
    with open(sys.argv[1]) as file:
        act, arguments = json.load(file)
    try:
        word = "ready " + json.dumps(ACTS[act](**arguments))
    except Refused as reason:
        word = f"refused {reason}"
    os.write(1, word.encode() + b"\n")
    while True:
        signal.pause()


def check(result: int | None, what: str) -> int:
    if result is None or result in (-1, 0xFFFFFFFFFFFFFFFF):
        raise Refused(f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def data_of(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def segment(data: str, removed: bool = False, apart: bool = False) -> Facts:
    """A SysV segment with ``data`` in it, attached; perhaps removed, perhaps in a namespace."""
    if apart:
        check(libc.unshare(CLONE_NEWIPC), "unshare")
    body = data_of(data)
    number = check(libc.shmget(IPC_PRIVATE, len(body) + 4096, IPC_CREAT | 0o600), "shmget")
    address = check(libc.shmat(number, None, 0), "shmat")
    ctypes.memmove(address, body, len(body))
    if removed:
        check(libc.shmctl(number, IPC_RMID, None), "shmctl")
    return {"number": number}


def queue(name: str, messages: int, size: int, apart: bool = False) -> Facts:
    """A message queue with unread messages, open here only when it is in a namespace."""
    if apart:
        check(libc.unshare(CLONE_NEWIPC), "unshare")
    attributes = struct.pack("=4q", 0, max(messages, 1), max(size, 1), 0) + bytes(32)
    fd = check(
        libc.syscall(MQ_OPEN, name.encode(), os.O_CREAT | os.O_RDWR, 0o600, attributes), "mq_open"
    )
    for _ in range(messages):
        check(libc.syscall(MQ_SEND, fd, os.urandom(size), size, 0, None), "mq_timedsend")
    if apart:
        os.close(fd)
    return {}


def sockets(names: list[str]) -> Facts:
    """Listening abstract sockets, in this order."""
    inodes = []
    for name in names:
        one = socket.socket(socket.AF_UNIX)
        one.bind(b"\0" + name.encode("utf-8", "surrogateescape"))
        one.listen(1)
        kept.append(one)
        inodes.append(os.fstat(one.fileno()).st_ino)
    return {"inodes": inodes}


def secret(mapped: bool = False) -> Facts:
    """Memory of memfd_secret(2), held and perhaps mapped."""
    fd = check(libc.syscall(447, 0), "memfd_secret")
    os.ftruncate(fd, 8192)
    if mapped:
        import mmap

        kept.append(mmap.mmap(fd, 8192, mmap.MAP_SHARED))
    return {}


def piped(data: str, ends: str = "rw", room: int = 0) -> Facts:
    """A pipe with ``data`` in it, of which this process keeps the named ends."""
    import fcntl

    reader, writer = os.pipe2(os.O_NONBLOCK)
    if room:
        try:
            fcntl.fcntl(writer, 1031, room)
        except OSError as error:
            raise Refused(f"F_SETPIPE_SZ: {error.strerror}") from error
    body = data_of(data)
    if os.write(writer, body) != len(body):
        raise Refused("the pipe is too small")
    inode = os.fstat(reader).st_ino
    for name, fd in (("r", reader), ("w", writer)):
        if name not in ends:
            os.close(fd)
    return {"inode": inode}


def title(comm: str) -> Facts:
    """This process under another command name (PR_SET_NAME)."""
    check(libc.prctl(15, comm.encode(), 0, 0, 0), "prctl")
    return {}


# --- BPF ----------------------------------------------------------------------------------

EXIT = struct.pack("=BBhi", 0xB7, 0, 0, 0) + struct.pack("=BBhi", 0x95, 0, 0, 0)


def _bpf(command: int, attributes: bytes) -> int:
    buffer = ctypes.create_string_buffer(attributes, 128)
    return check(libc.syscall(321, command, buffer, 128), f"bpf({command})")


def program(kind: int, helper: int = 0, name: str = "staged", pin: str = "") -> Facts:
    """A loaded program: nothing but an end, or a call of a helper before it."""
    code = EXIT
    if helper:  # r1 = r10 - 8, r2 = r1, r3 = 0, the word at r10 - 8 made first; then the call
        code = (
            struct.pack("=BBhi", 0x7A, 0x0A, -8, 0)
            + struct.pack("=BBhi", 0xBF, 0xA2, 0, 0)
            + struct.pack("=BBhi", 0x07, 0x02, 0, -8)
            + struct.pack("=BBhi", 0xB7, 0x01, 0, 0)
            + struct.pack("=BBhi", 0xB7, 0x03, 0, 8)
            + struct.pack("=BBhi", 0x85, 0, 0, helper)
            + EXIT
        )
    instructions, license_ = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
    attributes = struct.pack(
        "=IIQQIIQII16s", kind, len(code) // 8, ctypes.addressof(instructions),
        ctypes.addressof(license_), 0, 0, 0, 0, 0, name.encode(),
    )  # fmt: skip
    fd = _bpf(5, attributes)
    number = struct.unpack_from("=2I", _information(fd))[1]
    if pin:
        path = ctypes.create_string_buffer(os.fsencode(pin))
        _bpf(6, struct.pack("=QI", ctypes.addressof(path), fd))
        os.close(fd)
    return {"number": number}


def _information(fd: int) -> bytes:
    info = ctypes.create_string_buffer(232)
    _bpf(15, struct.pack("=IIQ", fd, len(info), ctypes.addressof(info)))
    return info.raw


def nothing() -> Facts:
    return {}


ACTS = {
    "segment": segment, "queue": queue, "sockets": sockets, "secret": secret, "title": title,
    "piped": piped, "program": program, "nothing": nothing,
}  # fmt: skip


if __name__ == "__main__":
    main()
