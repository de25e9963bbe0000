"""A packed file read at any place: gzip is unpacked in memory, from the nearest of many marks.

zlib can copy its state. On the first pass a copy is kept every so often; a later read begins at
the last copy before it. The number of copies is bounded: when there are too many, every second goes
and the distance doubles. Nothing is written anywhere.
"""

from __future__ import annotations

import os
import zlib
from bisect import bisect_right
from typing import Any

from triage.records import dataclass

_STEP = 16 << 10  # of packed bytes: at most 16 MiB of unpacked ones (zlib's 1032:1)
_PIECE = 1 << 20
_MARKS_MAX = 1024  # some 40 KiB each: the window and the tables of inflate
_CACHED = 32 << 20  # bytes of unpacked pieces that are held
_MEMBERS_MAX = 1 << 20  # of gzip's own members; a real file has one
UNPACKED_MAX = 32 << 30
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a state of the decompressor stands: ``at`` unpacked, ``packed`` of the file."""

    at: int
    packed: int
    state: Any


class Stream:
    """The unpacked bytes of a descriptor, which it owns; ``damage`` says what ended them early."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.damage = ""
        self.packed = os.pread(fd, 2, 0) == _GZIP
        self._marks = [_Mark(0, 0, zlib.decompressobj(31))]
        self._distance = _PIECE
        self._now = self._fresh(self._marks[0])
        self._pieces: dict[int, bytes] = {}
        self._end: int | None = None
        self._members = 0
        self._salvaged: dict[int, bytes] = {}  # what a damaged read gave, by its place

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._marks, self._pieces = [], {}

    def read(self, at: int, count: int) -> bytes:
        """At most ``count`` bytes; fewer at the end, or where damage ends the file."""
        if not self.packed:
            return os.pread(self._fd, count, at)
        parts = []
        while count > 0:
            start, piece = self._piece(at)
            part = piece[at - start : at - start + count]
            if not part:
                break
            parts.append(part)
            at, count = at + len(part), count - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _piece(self, at: int) -> tuple[int, bytes]:
        """The stretch of unpacked bytes that holds a place; an empty one after the end."""
        for start, piece in self._pieces.items():
            if start <= at < start + len(piece):
                return start, piece
        if self._end is not None and at >= self._end:
            return at, b""
        self._go_near(at)
        while True:
            start = self._now.at
            more = self._advance()
            if more is None:
                self._end = start
                return at, b""
            if at < start + len(more):
                self._remember(start, more)
                return start, more

    def _remember(self, start: int, piece: bytes) -> None:
        self._pieces[start] = piece
        while len(self._pieces) > 1 and sum(map(len, self._pieces.values())) > _CACHED:
            del self._pieces[next(iter(self._pieces))]

    def _go_near(self, at: int) -> None:
        """Stand at the last mark before a place, unless the way from here is shorter."""
        mark = self._marks[bisect_right(self._marks, at, key=lambda one: one.at) - 1]
        if not mark.at <= self._now.at <= at:
            self._now = self._fresh(mark)

    @staticmethod
    def _fresh(mark: _Mark) -> _Mark:
        return _Mark(mark.at, mark.packed, mark.state.copy())

    def _advance(self) -> bytes | None:
        """The next unpacked bytes, none at the end; a mark is set when it is time."""
        parts: list[bytes] = []
        size = 0
        while size < _PIECE:
            out = self._step()
            if out is None:
                break
            parts.append(out)
            size += len(out)
        self._mark()
        return b"".join(parts) if size else None

    def _step(self) -> bytes | None:
        """The bytes that one read of packed ones gives (perhaps none yet); ``None`` at the end."""
        at, packed, state = self._now.at, self._now.packed, self._now.state
        data = os.pread(self._fd, _STEP, packed)
        if not data or at >= UNPACKED_MAX:
            if data:
                self.damage = f"it unpacks to more than {UNPACKED_MAX} bytes"
            elif packed and not state.eof:
                self.damage = "the compressed data end early"
            return None
        if state.eof:  # members may follow each other, and zeros the last one
            self._members += 1
            if not data.startswith(_GZIP) or self._members > _MEMBERS_MAX:
                return None
            state = zlib.decompressobj(31)
        try:
            out: bytes = state.decompress(data)
        except zlib.error as error:
            if packed not in self._salvaged:
                if self.damage:
                    return None
                self.damage = f"the compressed data are damaged: {error}"
                self._salvaged[packed] = self._rescued(packed, data)
            out = self._salvaged[packed]
            self._now = _Mark(at + len(out), packed + len(data), state)
            return out or None
        used = len(data) - len(state.unused_data)
        self._now = _Mark(at + len(out), packed + used, state)
        return out

    def _rescued(self, packed: int, data: bytes) -> bytes:
        """What a damaged read of packed bytes gives before its damage, a byte at a time.

        The decompressor that met it is spoilt: another goes there from the last mark.
        """
        mark = self._marks[bisect_right(self._marks, packed, key=lambda one: one.packed) - 1]
        state, at = mark.state.copy(), mark.packed
        parts: list[bytes] = []
        try:
            while at < packed:
                state.decompress(os.pread(self._fd, min(_STEP, packed - at), at))
                at += min(_STEP, packed - at)
            parts.extend(state.decompress(data[at : at + 1]) for at in range(len(data)))
        except zlib.error:
            pass
        return b"".join(parts)

    def _mark(self) -> None:
        last = self._marks[-1]
        if self._now.at < last.at + self._distance or self._now.state.eof:
            return
        self._marks.append(self._fresh(self._now))
        if len(self._marks) > _MARKS_MAX:
            self._marks = self._marks[::2]
            self._distance *= 2
