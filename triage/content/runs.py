"""Long runs of bytes of one class, found at memory speed.

A regular expression looks at each byte in turn, some ten nanoseconds each. Marking the class with
``bytes.translate`` and searching the marks for a block of them costs a tenth of that, and most
data has no such block.
"""

from __future__ import annotations

from collections.abc import Iterator

_IN, _OUT, _ZERO = b"\1", b"\0", b"\2"


def marks(members: bytes) -> bytes:
    """The table that marks ``members`` for :func:`spans`."""
    return bytes(1 if byte in members else 0 for byte in range(256))


def has_run(data: bytes, table: bytes, least: int) -> bool:
    """Whether ``least`` bytes of the class stand in a row."""
    return _IN * least in data.translate(table)


def spans(data: bytes, table: bytes, least: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each run of at least ``least`` bytes of the class, in order."""
    marked, wanted = data.translate(table), _IN * least
    start = marked.find(wanted)
    while start >= 0:
        end = marked.find(_OUT, start + least)
        end = len(data) if end < 0 else end
        yield start, end
        start = marked.find(wanted, end)


def wide_spans(data: bytes, table: bytes, least: int) -> Iterator[tuple[int, int]]:
    """(start, end) of runs of at least ``least`` members, each followed by a zero byte (UTF-16).

    ``table`` must not mark zero.
    """
    marked, pair = data.translate(_ZERO + table[1:]), _IN + _ZERO
    wanted = pair * least
    start = marked.find(wanted)
    while start >= 0:
        end = start + 2 * least
        while marked.startswith(pair, end):
            end += 2
        yield start, end
        start = marked.find(wanted, end)
