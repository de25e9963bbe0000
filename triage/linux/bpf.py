"""Loaded BPF programs and links, as the ``bpf`` system call lists them.

Needs CAP_SYS_ADMIN. Each object is opened for the moment it is asked. Commands, types and
structures: include/uapi/linux/bpf.h.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterator
from typing import NamedTuple

_NUMBERS = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}
_PROG_NEXT, _PROG_FD, _INFO = 11, 13, 15
_LINK_FD, _LINK_NEXT = 30, 31
_CODE_MAX = 1 << 20
_libc = ctypes.CDLL(None, use_errno=True)
TYPES = (
    "unspecified", "socket-filter", "kprobe", "sched-cls", "sched-act", "tracepoint", "xdp",
    "perf-event", "cgroup-skb", "cgroup-sock", "lwt-in", "lwt-out", "lwt-xmit", "sock-ops",
    "sk-skb", "cgroup-device", "sk-msg", "raw-tracepoint", "cgroup-sock-addr", "lwt-seg6local",
    "lirc-mode2", "sk-reuseport", "flow-dissector", "cgroup-sysctl", "raw-tracepoint-writable",
    "cgroup-sockopt", "tracing", "struct-ops", "extension", "lsm", "sk-lookup", "syscall",
    "netfilter",
)  # fmt: skip
LINKS = (
    "unspecified", "raw-tracepoint", "tracing", "cgroup", "iterator", "netns", "xdp", "perf-event",
    "kprobe-multi", "struct-ops", "netfilter", "tcx", "uprobe-multi", "netkit", "sockmap",
)  # fmt: skip


class Program(NamedTuple):
    """``loaded`` is in nanoseconds since boot; ``code`` its instructions, where they are told."""

    number: int
    type: str
    name: bytes
    tag: str
    uid: int
    loaded: int
    size: int
    maps: int
    code: bytes


class Link(NamedTuple):
    """What keeps a program attached: its own id, kind, and the program's id."""

    number: int
    type: str
    program: int


def call(command: int, request: ctypes.Array[ctypes.c_char]) -> int:
    """The system call itself. Raises :class:`OSError`."""
    number = _NUMBERS.get(platform.machine())
    if number is None:
        raise OSError(38, "bpf's number on this machine is not known")
    size = ctypes.c_uint(len(request))
    result: int = _libc.syscall(ctypes.c_long(number), ctypes.c_int(command), request, size)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def attributes(*words: int) -> ctypes.Array[ctypes.c_char]:
    """``union bpf_attr`` with these 32-bit words first, zeros behind."""
    return ctypes.create_string_buffer(struct.pack(f"={len(words)}I", *words), 128)


def numbers(command: int) -> Iterator[int]:
    """All ids that exist, lowest first. Raises :class:`OSError` where the list is refused."""
    number = 0
    while True:
        request = attributes(number)
        try:
            call(command, request)
        except FileNotFoundError:
            return
        following = struct.unpack_from("=2I", request)[1]
        if following <= number:
            return
        number = following
        yield number


def information(fd: int, buffer: ctypes.Array[ctypes.c_char]) -> None:
    """Fill a buffer with what the kernel tells of an object. Raises :class:`OSError`."""
    request = struct.pack("=IIQ", fd, len(buffer), ctypes.addressof(buffer))
    call(_INFO, ctypes.create_string_buffer(request, 128))


def programs() -> Iterator[Program]:
    """Every loaded program. Raises :class:`OSError` (EPERM without the capability)."""
    for number in numbers(_PROG_NEXT):
        try:
            fd = call(_PROG_FD, attributes(number))
        except OSError:
            continue  # unloaded since
        try:
            yield _program(number, fd)
        except OSError:
            continue
        finally:
            os.close(fd)


def _program(number: int, fd: int) -> Program:
    info = ctypes.create_string_buffer(232)
    information(fd, info)
    kind, _, tag, _, size = struct.unpack_from("=II8sII", info)
    loaded, uid, maps = struct.unpack_from("=QII", info, 40)
    name = info.raw[64:80].split(b"\0")[0]
    code = _code(fd, size) if 0 < size <= _CODE_MAX else b""
    return Program(number, _named(TYPES, kind), name, tag.hex(), uid, loaded, size, maps, code)


def _code(fd: int, size: int) -> bytes:
    code = ctypes.create_string_buffer(size)
    request = bytearray(232)
    struct.pack_into("=I", request, 20, size)
    struct.pack_into("=Q", request, 32, ctypes.addressof(code))
    info = ctypes.create_string_buffer(bytes(request), len(request))
    try:
        information(fd, info)
    except OSError:
        return b""
    # The kernel clears the pointer where it does not tell instructions.
    told = struct.unpack_from("=Q", info, 32)[0] != 0
    return code.raw if told else b""


def links() -> Iterator[Link]:
    """Every link. Raises :class:`OSError`."""
    for number in numbers(_LINK_NEXT):
        try:
            fd = call(_LINK_FD, attributes(number))
        except OSError:
            continue
        try:
            info = ctypes.create_string_buffer(128)
            information(fd, info)
            kind, own, program = struct.unpack_from("=III", info)
            yield Link(own, _named(LINKS, kind), program)
        except OSError:
            continue
        finally:
            os.close(fd)


def _named(names: tuple[str, ...], number: int) -> str:
    return names[number] if number < len(names) else f"type {number}"


def called(code: bytes) -> set[int]:
    """The targets of a program's helper calls, as distances from ``__bpf_call_base``.

    Only calls of helpers (no source register): others are calls within the program, or of
    kernel functions by their BTF id.
    """
    found = set()
    for opcode, registers, _, immediate in struct.iter_unpack("=BBhi", code[: len(code) // 8 * 8]):
        if opcode == 0x85 and registers >> 4 == 0 and immediate:
            found.add(immediate)
    return found
