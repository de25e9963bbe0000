"""Scheduled tasks as the Registry's task cache holds them: actions, and who may see them.

``TaskCache\\Tree`` names a task and points to ``TaskCache\\Tasks\\{GUID}``, whose ``Actions`` are
binary. A branch of the tree without its ``SD`` value is not listed by any tool, and still runs.

Source: Microsoft's blog on Tarrask (2022) for the missing descriptor; the layout of ``Actions`` as
published by cyber.wtf ("Windows Registry Analysis: Tasks", 2022).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from triage.records import dataclass

_EXEC, _COM, _MAIL, _MESSAGE = 0x6666, 0x7777, 0x8888, 0x9999
_MOST, _TEXT_MAX = 64, 1 << 16
CACHE = "Microsoft\\Windows NT\\CurrentVersion\\Schedule\\TaskCache"


@dataclass(frozen=True, slots=True)
class Action:
    """What a task does: a command line, or a COM class with its data."""

    command: str
    clsid: str = ""


def actions(data: bytes) -> Iterator[Action]:
    """The actions of a task; ends at the first that is not understood."""
    if len(data) < 6:
        return
    version, at = struct.unpack_from("<H", data)[0], 2
    if version >= 2:
        author, at = _text(data, at)
        if author is None:
            return
    for _ in range(_MOST):
        if at + 2 > len(data):
            return
        kind = struct.unpack_from("<H", data, at)[0]
        _, at = _text(data, at + 2)
        if kind == _EXEC:
            program, at = _text(data, at)
            arguments, at = _text(data, at)
            _, at = _text(data, at)
            if program is None:
                return
            yield Action(f"{program} {arguments or ''}".strip())
            at += 2 if version >= 3 else 0
        elif kind == _COM and at + 16 <= len(data):
            clsid = _guid(data[at : at + 16])
            given, at = _text(data, at + 16)
            yield Action((given or "").strip(), clsid)
        else:
            return
        if at < 0:
            return


def _text(data: bytes, at: int) -> tuple[str | None, int]:
    """A text with its length in bytes before it; ``None`` and a place behind the end without."""
    if at < 0 or at + 4 > len(data):
        return None, -1
    size = struct.unpack_from("<I", data, at)[0]
    if size > _TEXT_MAX * 2 or at + 4 + size > len(data):
        return None, -1
    return data[at + 4 : at + 4 + size].decode("utf-16-le", "replace").rstrip("\0"), at + 4 + size


def _guid(raw: bytes) -> str:
    one, two, three = struct.unpack_from("<IHH", raw)
    return f"{{{one:08X}-{two:04X}-{three:04X}-{raw[8:10].hex().upper()}-{raw[10:].hex().upper()}}}"
