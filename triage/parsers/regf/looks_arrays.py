"""Looks of many values at once.

Bytes are counted in pairs: a table of 65,536 words tells of each pair how many of its two bytes
are of each class, 12 bits for a class. Sums over pieces of at most 2,047 pairs cannot overflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from triage.parsers.regf.looks import HEAD, LETTERS, MARKS, dense

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Part = bytes | memoryview
_BITS, _PIECE = 12, 2047
_MASK = (1 << _BITS) - 1
ZEROS, _LETTERS, _MARKS, _HIGHS, WIDE = range(5)


@cache
def _table() -> NDArray[np.uint64]:
    kinds = np.zeros(256, dtype=np.uint64)
    for byte in range(256):
        if byte in LETTERS:
            kinds[byte] = 1 << _BITS * _LETTERS
        elif byte in MARKS:
            kinds[byte] = 1 << _BITS * _MARKS
        elif byte >= 0x80:
            kinds[byte] = 1 << _BITS * _HIGHS
    kinds[0] = 1 << _BITS * ZEROS
    wide = np.zeros(256, dtype=np.uint64)
    wide[0] = 1 << _BITS * WIDE
    pairs: NDArray[np.uint64] = (kinds[:, None] + wide[:, None] + kinds[None, :]).ravel()
    return pairs


def look(parts: Sequence[Part], sizes: Ints) -> tuple[NDArray[np.uint64], Ints, Floats]:
    """Of each part (none is empty): its head, its five counts (one row each), its entropy.

    Parts are filled up to whole words; the bytes behind ``sizes`` may be any.
    """
    joined = np.frombuffer(bytearray().join([*parts, bytes(HEAD)]), dtype=np.uint8)
    room = (sizes + 3) & ~3
    starts = np.cumsum(room) - room
    _clear_ends(joined.view("<u4"), (starts + room) >> 2, sizes)
    counts = _counts(joined[: int(room.sum())].view("<u2"), starts >> 1, room >> 1)
    # The NULs that fill up a part are none of its bytes; half of them stand at odd places.
    counts[ZEROS] -= room - sizes
    counts[WIDE] -= (room - sizes + 1) >> 1
    return _heads(joined, starts, sizes), counts, _entropies(joined, starts, sizes, counts[ZEROS])


def _clear_ends(words: NDArray[np.uint32], ends: Ints, sizes: Ints) -> None:
    unused = (8 * (-sizes & 3)).astype(np.uint32)
    words[ends - 1] &= np.uint32(0xFFFFFFFF) >> unused


def _heads(joined: Bytes, starts: Ints, sizes: Ints) -> NDArray[np.uint64]:
    heads = joined[starts[:, None] + np.arange(HEAD)].view("<u8").ravel()
    unused = (8 * np.maximum(HEAD - sizes, 0)).astype(np.uint64)
    result: NDArray[np.uint64] = heads << unused >> unused
    return result


def _counts(pairs: NDArray[np.uint16], starts: Ints, lengths: Ints) -> Ints:
    pieces = -(-lengths // _PIECE)
    firsts = np.cumsum(pieces) - pieces
    of = np.repeat(np.arange(len(pieces)), pieces)
    begins = starts[of] + (np.arange(len(of)) - firsts[of]) * _PIECE
    # An index of the machine's own width is the fast way into a table.
    sums = np.add.reduceat(_table().take(pairs.astype(np.intp)), begins)
    fields = np.stack([sums >> np.uint64(_BITS * n) & np.uint64(_MASK) for n in range(5)])
    result: Ints = np.add.reduceat(fields.astype(np.int64), firsts, axis=1)
    return result


def _entropies(joined: Bytes, starts: Ints, sizes: Ints, zeros: Ints) -> Floats:
    entropies = np.zeros(len(sizes))
    chosen = np.flatnonzero(dense(sizes, zeros))
    if not len(chosen):
        return entropies
    rows = np.empty((len(chosen), 256))
    for row, (start, size) in enumerate(zip(starts[chosen], sizes[chosen], strict=True)):
        rows[row] = np.bincount(joined[start : start + size], minlength=256)
    totals = sizes[chosen]
    entropies[chosen] = np.log2(totals) - (rows * np.log2(np.maximum(rows, 1))).sum(1) / totals
    return entropies
