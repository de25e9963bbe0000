"""What lies in BPF maps: memory of the kernel's that anybody with a descriptor or a pin reads.

Only arrays and hash tables of a size that may carry something, and only looked up: a look-up by
the system call does not even count as a use (htab_lru_map_lookup_elem_sys, kernel/bpf/hashtab.c).
Structures: include/uapi/linux/bpf.h.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

from triage.linux.bpf import attributes, call, information, numbers

_LOOKUP, _NEXT_KEY, _MAP_NEXT, _MAP_FD = 1, 4, 12, 14
_READ_ONLY = 1 << 3  # BPF_F_RDONLY
TYPES = {1: "hash", 2: "array", 9: "lru-hash"}
_SIZE_LEAST, _SIZE_MAX = 256, 1 << 20
_ELEMENTS_MAX, _MAPS_MAX = 4096, 1024


class Map(NamedTuple):
    """``data`` are the values, one behind the other, in the order in which the kernel has them."""

    number: int
    type: str
    name: bytes
    value_size: int
    entries: int
    data: bytes


def maps() -> Iterator[Map]:
    """Every map that may carry something. Raises :class:`OSError` where the list is refused."""
    for count, number in enumerate(numbers(_MAP_NEXT)):
        if count >= _MAPS_MAX:
            return
        try:
            fd = call(_MAP_FD, attributes(number, 0, _READ_ONLY))
        except OSError:
            continue  # gone since, or write-only
        try:
            found = _map(number, fd)
            if found is not None:
                yield found
        except OSError:
            continue
        finally:
            os.close(fd)


def _map(number: int, fd: int) -> Map | None:
    info = ctypes.create_string_buffer(128)
    information(fd, info)
    kind, _, key_size, value_size, entries = struct.unpack_from("=5I", info)
    name = info.raw[24:40].split(b"\0")[0]
    whole = value_size * entries
    if kind not in TYPES or value_size == 0 or whole < _SIZE_LEAST or key_size > 512:
        return None
    if value_size > _SIZE_MAX:
        return None
    most = min(entries, _ELEMENTS_MAX, max(1, _SIZE_MAX // value_size))
    data = b"".join(_values(fd, key_size, value_size, most))
    return Map(number, TYPES[kind], name, value_size, entries, data)


def _values(fd: int, key_size: int, value_size: int, most: int) -> Iterator[bytes]:
    key, following = (ctypes.create_string_buffer(key_size) for _ in range(2))
    value = ctypes.create_string_buffer((value_size + 7) & ~7)
    place = 0
    for _ in range(most):
        try:
            call(_NEXT_KEY, _element(fd, place, ctypes.addressof(following)))
        except FileNotFoundError:
            return
        ctypes.memmove(key, following, key_size)
        place = ctypes.addressof(key)
        try:
            call(_LOOKUP, _element(fd, place, ctypes.addressof(value)))
        except FileNotFoundError:
            continue  # deleted since
        yield value.raw[:value_size]


def _element(fd: int, key: int, value: int) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(struct.pack("=I4xQQQ", fd, key, value, 0), 128)
