"""Text and binary of ``/proc`` files, to values.

Format: proc(5) and the kernel's Documentation/filesystems/proc.rst.

Everything is bytes in, because names in these files are attacker-chosen and need not be text.
"""

from __future__ import annotations

import re
import struct
from functools import lru_cache
from typing import NamedTuple

from triage.parsers import Malformed

PF_KTHREAD = 0x00200000  # include/linux/sched.h
_LEAST, _MOST = -(1 << 63), (1 << 64) - 1


def _int(text: bytes, base: int = 10) -> int:
    """A number as the kernel prints them: 64 bits, and no ``_`` between digits."""
    value = int(text, base)
    # Most are short: no 64-bit number is, and the kernel writes no ``_``.
    if b"_" in text or (len(text) > 15 and not _LEAST <= value <= _MOST):
        raise ValueError("no number of 64 bits")
    return value


class Stat(NamedTuple):
    """The fields of ``/proc/PID/stat`` that are used; ticks since boot, addresses."""

    comm: bytes
    state: str
    ppid: int
    kernel_thread: bool
    start_ticks: int
    start_code: int
    end_code: int
    threads: int = 1


def parse_stat(data: bytes) -> Stat:
    """The command may hold spaces and parentheses: the last ``)`` ends it."""
    opening, closing = data.find(b"("), data.rfind(b")")
    if opening < 0 or closing < opening:
        raise Malformed("stat: no command in parentheses")
    fields = data[closing + 2 :].split()
    try:
        return Stat(
            comm=data[opening + 1 : closing],
            state=fields[0].decode("ascii"),
            ppid=_int(fields[1]),
            kernel_thread=bool(_int(fields[6]) & PF_KTHREAD),
            start_ticks=_int(fields[19]),
            start_code=_int(fields[23]),
            end_code=_int(fields[24]),
            threads=_int(fields[17]),
        )
    except (IndexError, ValueError) as error:
        raise Malformed("stat: fields of proc(5) are missing or no numbers") from error


_STATUS = ("Tgid", "Pid", "PPid", "TracerPid", "Uid", "Gid", "NSpid", "Kthread", "CapEff")
_STATUS_MARKS = tuple((name, f"\n{name}:".encode()) for name in _STATUS)


def parse_status(data: bytes) -> dict[str, bytes]:
    """The named lines of ``/proc/PID/status`` that are used, by name, unparsed.

    ``Name:`` is escaped by the kernel, so no line can be forged through it; the first of
    two equal names counts.
    """
    found: dict[str, bytes] = {}
    text = b"\n" + data + b"\n"
    for name, mark in _STATUS_MARKS:
        begin = text.find(mark)
        if begin >= 0:
            begin += len(mark)
            found[name] = text[begin : text.index(b"\n", begin)].strip()
    return found


def number(value: bytes | None, base: int = 10) -> int | None:
    """A number of a status line; ``None`` when the line is not there or holds none."""
    try:
        return None if value is None else _int(value, base)
    except ValueError:
        return None


@lru_cache(256)  # most processes have the ids of another
def numbers(value: bytes | None) -> tuple[int, ...] | None:
    """A list of numbers of a status line (``Uid``, ``NSpid``); ``None`` when it holds none."""
    try:
        return None if value is None else tuple(_int(part) for part in value.split()) or None
    except ValueError:
        return None


class MapLine(NamedTuple):
    """One line of ``/proc/PID/maps``. ``path`` has the kernel's ``\\012`` undone."""

    start: int
    end: int
    perms: str
    offset: int
    dev: str
    inode: int
    path: bytes


@lru_cache(64)
def _map_device(text: bytes) -> str:
    """``major:minor`` in hexadecimal, as in maps, to decimal, as in mountinfo."""
    major, _, minor = text.partition(b":")
    return f"{_int(major, 16)}:{_int(minor, 16)}"


# As the kernel writes them (show_vma_header_prefix of fs/proc/task_mmu.c), and no number so long
# that it could be more than 64 bits.
_MAP_LINE = re.compile(
    rb"([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([rwxsp-]{4}) ([0-9a-f]{1,16}) "
    rb"([0-9a-f]{1,8}:[0-9a-f]{1,8}) (\d{1,19})(?: +(?=\S)(.*)| *)",
    re.DOTALL,
)


def parse_map_line(line: bytes) -> MapLine:
    """``start-end perms offset major:minor inode   path`` (hex but for the inode)."""
    match = _MAP_LINE.fullmatch(line)
    if match is None:
        return _odd_map_line(line)
    start, end, perms, offset, device, inode, path = match.groups(b"")
    fields = (
        int(start, 16),
        int(end, 16),
        perms.decode("ascii"),
        int(offset, 16),
        _map_device(device),
        int(inode),
        path.replace(b"\\012", b"\n") if b"\\" in path else path,
    )
    return tuple.__new__(MapLine, fields)  # as MapLine(…) does, without taking them apart again


def _odd_map_line(line: bytes) -> MapLine:
    """One that the kernel would not write so: of a copied tree, or none at all."""
    fields = line.split(None, 5)
    try:
        start, _, end = fields[0].partition(b"-")
        path = fields[5] if len(fields) > 5 else b""
        return MapLine(
            _int(start, 16),
            _int(end, 16),
            fields[1].decode("ascii"),
            _int(fields[2], 16),
            _map_device(fields[3]),
            _int(fields[4]),
            path.replace(b"\\012", b"\n") if b"\\" in path else path,
        )
    except (IndexError, ValueError) as error:
        raise Malformed("maps: a line that is not start-end perms offset dev inode") from error


def executable_lines(maps: bytes) -> list[bytes]:
    """The lines of ``maps`` whose permissions have an ``x``.

    They are looked for as bytes, because most lines are none of them. Addresses, offsets and
    devices are hexadecimal, so within the first 38 columns an ``x`` can only be the
    permission, the third of four letters; the path starts at column 73 (or later).
    """
    # A search for one byte (memchr) is several times faster than to split or to search for more.
    found = []
    find, size = maps.find, len(maps)
    place = find(b"x")
    while place >= 0:
        end = find(b"\n", place)
        if end < 0:
            end = size
        begin = maps.rfind(b"\n", 0, place) + 1
        if place - begin < 38:
            found.append(maps[begin:end])
        place = find(b"x", end)
    return found


def mapped_paths(maps: bytes) -> set[bytes]:
    """The different paths of all lines, from their first slash on."""
    found = set()
    find, size = maps.find, len(maps)
    place = find(b"/")
    while place >= 0:
        end = find(b"\n", place)
        if end < 0:
            end = size
        found.add(maps[place:end])
        place = find(b"/", end)
    return found


def parse_auxv(data: bytes, word: int = 8) -> tuple[tuple[int, int], ...]:
    """(key, value) pairs up to ``AT_NULL``; ``word`` is the size of a long."""
    count = len(data) // (2 * word) * 2
    words = struct.unpack_from(f"={count}{'Q' if word == 8 else 'I'}", data)
    keys, values = words[::2], words[1::2]
    return tuple(zip(keys[: keys.index(0)] if 0 in keys else keys, values, strict=False))


_OCTAL = re.compile(rb"\\([0-7]{3})")


def unescape(field: bytes) -> bytes:
    """Undo the octal escapes of mountinfo (space, tab, newline, backslash, hash)."""
    if b"\\" not in field:
        return field
    return _OCTAL.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), field)


class MountLine(NamedTuple):
    """One line of mountinfo, paths unescaped. Format: proc_pid_mountinfo(5)."""

    mount_id: int
    parent_id: int
    dev: str
    root: bytes
    point: bytes
    options: bytes
    fs_type: bytes
    source: bytes
    super_options: bytes


def parse_mount_line(line: bytes) -> MountLine:
    """Raises :class:`Malformed` for a line without the ``-`` separator or with bad numbers."""
    left, separator, right = line.partition(b" - ")
    before, after = left.split(b" "), right.split(b" ")
    try:
        if not separator:
            raise ValueError
        return MountLine(
            mount_id=_int(before[0]),
            parent_id=_int(before[1]),
            dev=before[2].decode("ascii"),
            root=unescape(before[3]),
            point=unescape(before[4]),
            options=before[5],
            fs_type=unescape(after[0]),
            source=unescape(after[1]),
            super_options=after[2] if len(after) > 2 else b"",
        )
    except (IndexError, ValueError, UnicodeDecodeError) as error:
        raise Malformed("mountinfo: a line that is not as proc_pid_mountinfo(5) says") from error


class FdInfo(NamedTuple):
    """``pos`` and ``flags`` of ``/proc/PID/fdinfo/N``."""

    pos: int | None
    flags: int | None


def parse_fdinfo(data: bytes) -> FdInfo:
    values = {}
    for line in data.split(b"\n")[:8]:
        name, _, value = line.partition(b":")
        values[name] = value.strip()
    return FdInfo(number(values.get(b"pos")), number(values.get(b"flags"), 8))


def parse_smaps(data: bytes, starts: frozenset[int]) -> dict[int, tuple[int, int]]:
    """(Rss, Anonymous) in bytes of the mappings that begin at ``starts``."""
    found: dict[int, tuple[int, int]] = {}
    current, rss = -1, 0
    for line in data.split(b"\n"):
        name, _, value = line.partition(b" ")
        if name == b"Rss:" and current in starts:
            rss = _kilobytes(value)
        elif name == b"Anonymous:" and current in starts:
            found[current] = (rss, _kilobytes(value))
        elif b"-" in name and not name.endswith(b":"):
            start = number(name.partition(b"-")[0], 16)
            current = -1 if start is None else start  # address 0 can be mapped
    return found


def _kilobytes(value: bytes) -> int:
    kilobytes = number(value.replace(b"kB", b"").strip())
    return 0 if kilobytes is None else min(max(kilobytes, 0), 1 << 53) * 1024
