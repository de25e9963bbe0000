"""Shortcuts (``.lnk``): what they start, with which arguments.

Source: [MS-SHLLINK] 2.1 to 2.5 (header, link info, string data, extra data).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from triage.parsers import Malformed
from triage.records import dataclass

MAGIC = b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"
SIZE_MAX = 4 << 20
_HEADER = 76
_ID_LIST, _INFO, _NAME, _RELATIVE, _FOLDER, _ARGUMENTS, _ICON, _WIDE = (1 << n for n in range(8))
_STRINGS = ((_NAME, "name"), (_RELATIVE, "relative"), (_FOLDER, "folder"),
            (_ARGUMENTS, "arguments"), (_ICON, "icon"))  # fmt: skip
_ENVIRONMENT = 0xA0000001
_BLOCKS = 64


@dataclass(frozen=True, slots=True)
class Shortcut:
    """``target`` is the file it starts: from the link's own path, else with variables, else
    relative. ``rest`` counts the bytes behind its last block: more than a shortcut has."""

    target: str
    arguments: str = ""
    folder: str = ""
    name: str = ""
    icon: str = ""
    show: int = 1
    rest: int = 0

    @property
    def command(self) -> str:
        quoted = f'"{self.target}"' if " " in self.target else self.target
        return f"{quoted} {self.arguments}".strip()


def parse_lnk(data: bytes) -> Shortcut:
    """One shortcut; raises :class:`Malformed`."""
    if not data.startswith(MAGIC) or len(data) < _HEADER:
        raise Malformed("no shortcut")
    flags = struct.unpack_from("<I", data, 20)[0]
    show = struct.unpack_from("<I", data, 60)[0]
    at = _HEADER
    if flags & _ID_LIST:
        at += 2 + _word(data, at)
    local = ""
    if flags & _INFO:
        size = _long(data, at)
        local = _local_path(data[at : at + min(size, 1 << 16)])
        at += max(size, 4)
    strings: dict[str, str] = {}
    for flag, field in _STRINGS:
        if flags & flag:
            strings[field], at = _string(data, at, bool(flags & _WIDE))
    variables, end = _extra(data, at)
    return Shortcut(
        local or variables or strings.get("relative", ""),
        strings.get("arguments", ""),
        strings.get("folder", ""),
        strings.get("name", ""),
        strings.get("icon", ""),
        show,
        max(0, len(data) - end),
    )


def _word(data: bytes, at: int) -> int:
    if at + 2 > len(data):
        raise Malformed("a shortcut that ends too early")
    return int(struct.unpack_from("<H", data, at)[0])


def _long(data: bytes, at: int) -> int:
    if at + 4 > len(data):
        raise Malformed("a shortcut that ends too early")
    return int(struct.unpack_from("<I", data, at)[0])


def _local_path(info: bytes) -> str:
    """The target on a disk, or on a share; in Unicode where the link has it."""
    if len(info) < 28:
        return ""
    header, flags, _, base, network, suffix = struct.unpack_from("<6I", info, 4)
    if header >= 36 and len(info) >= 36:
        wide_base, wide_suffix = struct.unpack_from("<2I", info, 28)
        found = _wide_at(info, wide_base) if flags & 1 else ""
        if found:
            return found + _wide_at(info, wide_suffix)
    end = _narrow_at(info, suffix)
    if flags & 1:
        return _narrow_at(info, base) + end
    if flags & 2 and network + 12 <= len(info):
        name = network + struct.unpack_from("<I", info, network + 8)[0]
        share = _narrow_at(info, name)
        return f"{share}\\{end}" if share else ""
    return ""


def _narrow_at(data: bytes, at: int) -> str:
    if not 0 < at < len(data):
        return ""
    return data[at:].partition(b"\0")[0].decode("latin-1")


def _wide_at(data: bytes, at: int) -> str:
    if not 0 < at < len(data):
        return ""
    raw = data[at:]
    return raw[: len(raw) & ~1].decode("utf-16-le", "replace").partition("\0")[0]


def _string(data: bytes, at: int, wide: bool) -> tuple[str, int]:
    size = _word(data, at) * (2 if wide else 1)
    raw = data[at + 2 : at + 2 + size]
    text = raw[: len(raw) & ~1].decode("utf-16-le", "replace") if wide else raw.decode("latin-1")
    return text, at + 2 + size


def _extra(data: bytes, at: int) -> tuple[str, int]:
    """The target with environment variables, and where the last block ends."""
    found = ""
    for size, kind, start in _blocks(data, at):
        if kind == _ENVIRONMENT and size >= 788:
            wide = data[start + 268 : start + 788].decode("utf-16-le", "replace")
            found = wide.partition("\0")[0] or _narrow_at(data[: start + 268], start + 8)
        at = start + size
    return found, min(at + 4, len(data))


def _blocks(data: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    for _ in range(_BLOCKS):
        if at + 8 > len(data):
            return
        size, kind = struct.unpack_from("<2I", data, at)
        if size < 8 or at + size > len(data):
            return
        yield size, kind, at
        at += size
