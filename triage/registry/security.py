"""Whom a key's security descriptor shuts out.

Measured on clean systems: missing entries for administrators are common (2,425 keys), entries
that deny *reading* are not (3 keys). So only what denies reading counts, or a list that grants it
nobody.

Source: [MS-DTYP] 2.4.4 to 2.4.6 (access control entries, lists, security descriptors).
"""

from __future__ import annotations

import struct

from triage.records import dataclass

_DENIED, _ALLOWED = 1, 0
_READ = 0x1 | 0x8 | 0x80000000 | 0x10000000  # query value, enumerate, generic read and all
_INHERIT_ONLY = 0x08
_EVERYBODY = {
    "S-1-1-0": "everyone", "S-1-5-11": "authenticated users", "S-1-5-32-544": "administrators",
    "S-1-5-32-545": "users", "S-1-5-18": "SYSTEM", "S-1-5-4": "interactive users",
    "S-1-3-0": "the owner", "S-1-5-19": "LocalService",
}  # fmt: skip
_WEIGHTY = frozenset({"S-1-1-0", "S-1-5-11", "S-1-5-32-544", "S-1-5-18"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One access control entry: its type (0 allows, 1 denies), flags, rights and whom."""

    kind: int
    flags: int
    mask: int
    sid: str


def entries(descriptor: bytes) -> tuple[Entry, ...] | None:
    """The entries of the DACL; ``None`` when there is no DACL or it cannot be read."""
    if len(descriptor) < 20:
        return None
    control, at = struct.unpack_from("<H", descriptor, 2)[0], 0
    at = struct.unpack_from("<I", descriptor, 16)[0]
    if not control & 0x4 or at == 0 or at + 8 > len(descriptor):
        return None
    count = struct.unpack_from("<H", descriptor, at + 4)[0]
    found, at = [], at + 8
    for _ in range(min(count, 512)):
        if at + 8 > len(descriptor):
            return None
        kind, flags, size, mask = struct.unpack_from("<BBHI", descriptor, at)
        sid = _sid(descriptor[at + 8 : at + max(size, 8)])
        if size < 8 or sid is None:
            return None
        found.append(Entry(kind, flags, mask, sid))
        at += size
    return tuple(found)


def _sid(data: bytes) -> str | None:
    if len(data) < 8 or len(data) < 8 + 4 * data[1] or data[1] > 15:
        return None
    authority = int.from_bytes(data[2:8], "big")
    parts = struct.unpack_from(f"<{data[1]}I", data, 8)
    return "-".join(("S", str(data[0]), str(authority), *map(str, parts)))


def shut_out(descriptor: bytes) -> tuple[str, ...]:
    """Who may not read, in words; empty where reading is granted as usual."""
    found = entries(descriptor)
    if found is None:
        return ()
    if not any(entry.kind == _ALLOWED for entry in found):
        return ("nobody may read it: the list grants nothing",)
    denied = [
        _EVERYBODY.get(entry.sid, entry.sid)
        for entry in found
        if entry.kind == _DENIED
        and entry.mask & _READ
        and not entry.flags & _INHERIT_ONLY
        and (entry.sid in _WEIGHTY)
    ]
    return tuple(f"reading is denied to {who}" for who in dict.fromkeys(denied))
