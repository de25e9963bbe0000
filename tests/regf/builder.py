"""A small builder of hives: what tests plant in the Registry, they plant with it.

    hive = build(Key("ROOT", keys=[Key("Software", values=[Value("x", 3, payload)])]))

gives the bytes of a hive that Windows' own layout rules hold for (cells do not cross bins, lists
are sorted, sizes and checksums are right), and that other readers read too
(``test_builder.py``). Everything that may lie does so on request: a value's type is any word, its
data any bytes, ``declared`` overrides its size, ``removed`` frees its cells but leaves their
bytes, ``slack`` lies behind the data in the same cell, ``loose`` cells hang nowhere.

Source: M. Suhanov, "Windows registry file format specification".
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

NONE = 0xFFFFFFFF
PAGE = 4096
SEGMENT = 16344
HEADER = 32
LEAF_MAX = 500
NOW = 133_500_000_000_000_000  # a FILETIME of January 2024
# A self-relative descriptor: owner and group Administrators; SYSTEM, Administrators: all access.
DESCRIPTOR = bytes.fromhex(
    "0100048048000000580000000000000014000000"  # the offsets of owner, group, SACL and DACL
    "0200340002000000"
    "000214003f000f00010100000000000512000000"
    "000218003f000f0001020000000000052000000020020000"
    "01020000000000052000000020020000"
    "01020000000000052000000020020000"
)


@dataclass
class Value:
    """One value. ``removed``: freed, and in no list. ``slack``: behind the data in its cell.

    ``wide`` stores the name as UTF-16 even where Latin-1 would do; ``raw_name`` overrides its
    bytes. ``declared`` is the size that the record states when it is not that of ``data``;
    ``resident`` is whether at most 4 bytes lie in the record itself.
    """

    name: str
    type: int = 1
    data: bytes = b""
    removed: bool = False
    slack: bytes = b""
    wide: bool = False
    raw_name: bytes | None = None
    declared: int | None = None
    resident: bool | None = None


@dataclass
class Key:
    """One key. ``removed`` frees it and all below it. ``written`` is a FILETIME."""

    name: str
    values: Sequence[Value] = ()
    keys: Sequence[Key] = ()
    removed: bool = False
    written: int = NOW
    class_name: bytes = b""
    security: bytes = DESCRIPTOR
    flags: int = 0
    wide: bool = False


@dataclass(frozen=True)
class Loose:
    """A cell that nothing leads to."""

    data: bytes
    allocated: bool = True


def text(value: str) -> bytes:
    """A string as the Registry keeps it: UTF-16 with a NUL behind it."""
    return (value + "\0").encode("utf-16-le", "surrogatepass")


def link(name: str, target: str) -> Key:
    """A symbolic link to ``target`` (``\\Registry\\...``)."""
    value = Value("SymbolicLinkValue", 6, target.encode("utf-16-le"))
    return Key(name, values=[value], flags=0x10)


def checksum(head: bytes) -> int:
    value = 0
    for word in struct.unpack("<127I", head[:508]):
        value ^= word
    return {0: 1, NONE: NONE - 1}.get(value, value)


def base_block(
    size: int, root: int, name: str, *, sequence: tuple[int, int] = (1, 1), minor: int = 5,
    written: int = NOW, kind: int = 0,
) -> bytes:  # fmt: skip
    """The base block of a hive whose bins take ``size`` bytes."""
    head = struct.pack(
        "<4sIIQIIIIIII64s", b"regf", *sequence, written, 1, minor, kind, 1, root, size, 1,
        name[-31:].encode("utf-16-le"),
    ).ljust(508, b"\0")  # fmt: skip
    return (head + struct.pack("<I", checksum(head))).ljust(PAGE, b"\0")


@dataclass
class _Bins:
    """Cells put one behind the other; none crosses the end of its bin."""

    image: bytearray = field(default_factory=bytearray)
    at: int = 0
    minor: int = 5
    security: dict[bytes, int] = field(default_factory=dict)

    @property
    def head(self) -> int:
        """The bytes in front of a cell's content: versions 1.0 and 1.1 have two words."""
        return 8 if self.minor <= 1 else 4

    def cell(self, content: bytes, *, free: bool = False, room: int = 0) -> int:
        step = 2 * self.head
        size = (self.head + max(len(content), room, 4) + step - 1) & -step
        if self.at + size > len(self.image):
            self._bin(size)
        place = self.at
        struct.pack_into("<i", self.image, place, size if free else -size)
        start = place + self.head
        self.image[start : start + len(content)] = content
        self.at += size
        return place

    def _bin(self, least: int) -> None:
        self.close()
        start, size = len(self.image), (HEADER + least + PAGE - 1) & -PAGE
        self.image += struct.pack("<4sIIQQI", b"hbin", start, size, 0, NOW, 0).ljust(size, b"\0")
        self.at = start + HEADER

    def close(self) -> None:
        if self.at < len(self.image):
            struct.pack_into("<i", self.image, self.at, len(self.image) - self.at)
            self.at = len(self.image)

    def value(self, value: Value, removed: bool) -> int:
        removed = removed or value.removed
        size = len(value.data) if value.declared is None else value.declared
        resident = len(value.data) <= 4 if value.resident is None else value.resident
        if resident:
            place = int.from_bytes(value.data[:4].ljust(4, b"\0"), "little")
            size |= 0x80000000
        else:
            place = self._data(value, removed)
        name, narrow = (
            _name(value.name, value.wide)
            if value.raw_name is None
            else (value.raw_name, not value.wide)
        )
        record = struct.pack("<2sHIIIHH", b"vk", len(name), size, place, value.type, int(narrow), 0)
        return self.cell(record + name, free=removed)

    def _data(self, value: Value, free: bool) -> int:
        if len(value.data) <= SEGMENT or self.minor < 4:
            return self.cell(value.data + value.slack, free=free)
        parts = [value.data[at : at + SEGMENT] for at in range(0, len(value.data), SEGMENT)]
        parts[-1] += value.slack
        cells = [self.cell(part, free=free, room=len(part) + 4) for part in parts]
        listed = self.cell(struct.pack(f"<{len(cells)}I", *cells), free=free)
        return self.cell(struct.pack("<2sHI", b"db", len(cells), listed), free=free)

    def key(self, key: Key, parent: int, removed: bool = False) -> int:
        removed = removed or key.removed
        name, narrow = _name(key.name, key.wide)
        flags = key.flags | (0x20 if narrow else 0) | (0x0C if parent == NONE else 0)
        place = self.cell(bytes(76) + name, free=removed)
        values = [(value, self.value(value, removed)) for value in key.values]
        kept = [cell for value, cell in values if removed or not value.removed]
        below = [(child, self.key(child, place, removed)) for child in key.keys]
        leads = [(each.name, cell) for each, cell in below if removed or not each.removed]
        record = struct.pack(
            "<2sHQIIIIIIIIIIIIIIIHH", b"nk", flags, key.written, 0, parent, len(leads), 0,
            self._leaves(leads, removed), NONE, len(kept), self._words(kept, removed),
            self._descriptor(key.security),
            self.cell(key.class_name, free=removed) if key.class_name else NONE,
            max((2 * len(n) for n, _ in leads), default=0), 0,
            max((2 * len(v.name) for v in key.values), default=0),
            max((len(v.data) for v in key.values), default=0), 0, len(name), len(key.class_name),
        )  # fmt: skip
        start = place + self.head
        self.image[start : start + len(record)] = record
        return place

    def _words(self, cells: Sequence[int], free: bool) -> int:
        return self.cell(struct.pack(f"<{len(cells)}I", *cells), free=free) if cells else NONE

    def _leaves(self, leads: list[tuple[str, int]], free: bool) -> int:
        leads = sorted(leads, key=lambda lead: lead[0].upper())
        groups = [leads[at : at + LEAF_MAX] for at in range(0, len(leads), LEAF_MAX)]
        if len(groups) <= 1:
            return self._leaf(groups[0], free) if groups else NONE
        cells = [self._leaf(group, free) for group in groups]
        return self.cell(struct.pack(f"<2sH{len(cells)}I", b"ri", len(cells), *cells), free=free)

    def _leaf(self, leads: list[tuple[str, int]], free: bool) -> int:
        sig = b"li" if self.minor <= 2 else b"lf" if self.minor <= 4 else b"lh"
        rows = b"".join(struct.pack("<I", cell) + _hint(sig, name) for name, cell in leads)
        return self.cell(struct.pack("<2sH", sig, len(leads)) + rows, free=free)

    def _descriptor(self, descriptor: bytes) -> int:
        if descriptor not in self.security:
            head = struct.pack("<2sHIIII", b"sk", 0, 0, 0, 1, len(descriptor))
            self.security[descriptor] = self.cell(head + descriptor)
        return self.security[descriptor]

    def ring(self) -> None:
        """Tie the security cells into the ring that Windows keeps."""
        cells = list(self.security.values())
        for number, cell in enumerate(cells):
            after, before = cells[(number + 1) % len(cells)], cells[number - 1]
            struct.pack_into("<II", self.image, cell + self.head + 4, after, before)


def _hint(kind: bytes, name: str) -> bytes:
    """What stands beside a subkey in its list, by the kind of list."""
    if kind == b"li":
        return b""
    if kind == b"lf":
        return name[:4].encode("latin-1", "replace").ljust(4, b"\0")
    return struct.pack("<I", name_hash(name))


def name_hash(name: str) -> int:
    value = 0
    for char in name.upper():
        value = (value * 37 + ord(char)) & NONE
    return value


def _name(name: str, wide: bool) -> tuple[bytes, bool]:
    """The bytes of a name, and whether they are Latin-1."""
    if not wide and all(ord(char) < 0x100 for char in name):
        return name.encode("latin-1"), True
    return name.encode("utf-16-le", "surrogatepass"), False


def build(
    root: Key, *, name: str = "\\SystemRoot\\System32\\Config\\TEST", loose: Sequence[Loose] = (),
    minor: int = 5, sequence: tuple[int, int] = (1, 1), tail: bytes = b"", pad: int = 0,
) -> bytes:  # fmt: skip
    """The bytes of a hive.

    ``loose`` cells hang nowhere; ``tail`` lies behind the last bin; ``pad`` is the least size of
    the bins in bytes.
    """
    bins = _Bins(minor=minor)
    place = bins.key(root, NONE)
    for each in loose:
        bins.cell(each.data, free=not each.allocated)
    bins.ring()
    if len(bins.image) < pad:
        bins._bin(pad - len(bins.image) - HEADER)
    bins.close()
    block = base_block(len(bins.image), place, name, sequence=sequence, minor=minor)
    return block + bytes(bins.image) + tail


def checked(hive: bytes, *, sequence: tuple[int, int] | None = None, kind: int = 0) -> bytes:
    """A hive with its base block's sequence numbers changed and the checksum put right."""
    head = bytearray(hive)
    if sequence is not None:
        struct.pack_into("<II", head, 4, *sequence)
    struct.pack_into("<I", head, 28, kind)
    struct.pack_into("<I", head, 508, checksum(bytes(head[:508])))
    return bytes(head)


def log_file(after: bytes, entries: Sequence[bytes], *, sequence: int = 1) -> bytes:
    """A new transaction log (LOG1, LOG2) with the entries that :func:`log_entry` makes."""
    return checked(after, sequence=(sequence, sequence), kind=6)[:512] + b"".join(entries)


def log_entry(before: bytes, after: bytes, sequence: int) -> bytes:
    """A log entry with the pages in which two hives differ."""
    from triage.parsers.regf.marvin import marvin32  # agrees with the logs of real systems

    size = len(after) - PAGE
    starts = range(PAGE, len(after), PAGE)
    pages = [at for at in starts if before[at : at + PAGE] != after[at : at + PAGE]]
    refs = b"".join(struct.pack("<II", at - PAGE, PAGE) for at in pages)
    body = refs + b"".join(after[at : at + PAGE] for at in pages)
    body += bytes(-(len(body) + 40) % 512)
    head = struct.pack("<4s5I", b"HvLE", 40 + len(body), 0, sequence, size, len(pages))
    head += struct.pack("<Q", marvin32(body))
    return head + struct.pack("<Q", marvin32(head)) + body


def transaction(before: bytes, after: bytes, sequence: int = 7) -> tuple[bytes, bytes]:
    """A dirty hive and its LOG1: replayed, it is ``after``. Build ``before`` with ``pad``."""
    dirty = checked(before, sequence=(sequence, sequence - 1))
    return dirty, log_file(after, [log_entry(before, after, sequence)], sequence=sequence)


def old_transaction(before: bytes, after: bytes, sequence: int = 7) -> tuple[bytes, bytes]:
    """The same with a log of the old format (LOG, or LOG1 before Windows 8.1)."""
    pages = [
        at for at in range(PAGE, len(after), 512) if before[at : at + 512] != after[at : at + 512]
    ]
    bitmap = bytearray(-(-(len(after) - PAGE) // 4096))
    for at in pages:
        number = (at - PAGE) // 512
        bitmap[number >> 3] |= 1 << (number & 7)
    vector = b"DIRT" + bytes(bitmap)
    vector += bytes(-len(vector) % 512)
    head = checked(before, sequence=(sequence, sequence), kind=1)[:512]
    log = head + vector + b"".join(after[at : at + 512] for at in pages)
    return checked(before, sequence=(sequence, sequence - 1)), log
