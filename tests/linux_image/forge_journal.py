"""Journal files made by hand, to the published format: plain or compact, packed or not.

Only what a reader needs: a header, data objects stored once each, entries, one entry array. Hashes
are left zero; journalctl does not verify them when it reads on.
"""

from __future__ import annotations

import lzma
import struct

DATA, ENTRY, ENTRY_ARRAY = 1, 3, 6
XZ, LZ4, ZSTD = 1, 2, 4
COMPACT = 16


class Writer:
    """Gathers entries; :meth:`file` gives the bytes of the whole file."""

    def __init__(self, *, compact: bool = False, state: int = 2) -> None:
        self._compact, self._state = compact, state
        self._flags = COMPACT if compact else 0
        self._out = bytearray(272)
        self._data: dict[bytes, int] = {}
        self._entries_of: dict[int, list[int]] = {}
        self._entries: list[int] = []

    @property
    def size(self) -> int:
        return len(self._out)

    def _object(self, kind: int, flags: int, body: bytes) -> int:
        at = len(self._out)
        self._out += struct.pack("<BB6xQ", kind, flags, 16 + len(body)) + body
        self._out += bytes(-len(self._out) % 8)
        return at

    def _store(self, value: bytes, how: int) -> int:
        at = self._data.get(value)
        if at is None:
            payload = value
            if how == LZ4:
                payload = struct.pack("<Q", len(value)) + lz4_literals(value)
            elif how == XZ:
                payload = lzma.compress(value, check=lzma.CHECK_NONE)
            elif how == ZSTD:
                import zstandard

                payload = zstandard.ZstdCompressor().compress(value)
            self._flags |= {LZ4: 2, XZ: 1, ZSTD: 8}.get(how, 0)
            tail = bytes(8) if self._compact else b""
            at = self._object(DATA, how, struct.pack("<QQQQQQ", 0, 0, 0, 0, 0, 0) + tail + payload)
            self._data[value] = at
        return at

    def add(self, fields: dict[str, str | bytes], *, lz4: bool = False, how: int = 0) -> int:
        """One entry; ``how`` compresses its values. Returns its offset."""
        items = []
        for name, value in fields.items():
            raw = value if isinstance(value, bytes) else value.encode()
            long = LZ4 if lz4 else how
            items.append(self._store(name.encode() + b"=" + raw, long if len(raw) > 64 else 0))
        number = len(self._entries) + 1
        realtime = 1_700_000_000_000_000 + number
        body = struct.pack("<QQQ16sQ", number, realtime, number, b"B" * 16, 0)
        for item in items:
            body += struct.pack("<I", item) if self._compact else struct.pack("<QQ", item, 0)
        at = self._object(ENTRY, 0, body)
        self._entries.append(at)
        for item in items:
            self._entries_of.setdefault(item, []).append(at)
        return at

    def file(self) -> bytes:
        """The finished file: arrays and counts filled in."""
        for item, entries in self._entries_of.items():
            array = self._array(entries[1:]) if len(entries) > 1 else 0
            struct.pack_into("<QQQ", self._out, item + 40, entries[0], array, len(entries))
        chain = self._array(self._entries)
        struct.pack_into(
            "<8sIIB7x16s16s16s16sQQQQQQQQQQQQQQ", self._out, 0, b"LPKSHHRH", 0, self._flags,
            self._state, b"F" * 16, b"M" * 16, b"B" * 16, b"S" * 16, 272, len(self._out) - 272,
            0, 0, 0, 0, chain, len(self._data) + len(self._entries), len(self._entries),
            len(self._entries), 1, chain, 1_700_000_000_000_001,
            1_700_000_000_000_000 + len(self._entries),
        )  # fmt: skip
        return bytes(self._out)

    def _array(self, entries: list[int]) -> int:
        code = "I" if self._compact else "Q"
        return self._object(ENTRY_ARRAY, 0, struct.pack(f"<Q{len(entries)}{code}", 0, *entries))


def lz4_literals(data: bytes) -> bytes:
    """A valid lz4 block of nothing but literals."""
    if len(data) < 15:
        return bytes([len(data) << 4]) + data
    rest = len(data) - 15
    return bytes([0xF0]) + b"\xff" * (rest // 255) + bytes([rest % 255]) + data
