"""Bytes that change with their place or with the byte before: counters, chains, swapped pairs.

Each undoing is tried on the first bytes. What is left may still be under one constant, which the
maps of single bytes (:mod:`triage.content.byte_maps`) solve; a counter's start and step follow
from the first two bytes of what may begin there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import accumulate
from operator import xor

from triage.content.byte_maps import beginning_well, likeness, readable, tables
from triage.content.candidate import GUESS, SLOW, Budget, Candidate
from triage.content.headers import BEGINNINGS, STARTS, begins_well
from triage.content.measure import PRINTABLE

_HEAD, _LEAST, _SAMPLE, _PAIRS = 320, 24, 512, 8
_READABLE = 0.4

Undo = Callable[[bytes], bytes]


def _joined_bytes(data: bytes, other: bytes) -> bytes:
    return (int.from_bytes(data, "little") ^ int.from_bytes(other, "little")).to_bytes(
        len(data), "little"
    )


def _before(data: bytes) -> bytes:
    return _joined_bytes(data, b"\0" + data[:-1])


def _difference(data: bytes) -> bytes:
    return bytes((one - last) & 255 for one, last in zip(data, b"\0" + data[:-1], strict=True))


def _running_xor(data: bytes) -> bytes:
    return bytes(accumulate(data, xor))


def _running_sum(data: bytes) -> bytes:
    return bytes(value & 255 for value in accumulate(data))


def swapped_pairs(data: bytes) -> bytes:
    """Each two neighbouring bytes in each other's place."""
    out = bytearray(data)
    even = len(data) & ~1
    out[0:even:2], out[1:even:2] = data[1:even:2], data[0:even:2]
    return bytes(out)


def _less_place(data: bytes) -> bytes:
    return bytes((one - at) & 255 for at, one in enumerate(data))


def _more_place(data: bytes) -> bytes:
    return bytes((one + at) & 255 for at, one in enumerate(data))


def _xor_place(data: bytes) -> bytes:
    return _joined_bytes(data, counter(0, 1, len(data)))


#: (kind, step, undoing) of what takes no key.
_UNDOINGS: tuple[tuple[str, str, Undo], ...] = (
    ("xor", "xor with the byte before", _before),
    ("add", "less the byte before", _difference),
    ("xor", "xor with all bytes before", _running_xor),
    ("add", "sum of the bytes before", _running_sum),
    ("reversed", "pairs of bytes swapped", swapped_pairs),
    ("xor", "xor with the place", _xor_place),
    ("add", "less the place", _less_place),
    ("add", "plus the place", _more_place),
)


def counter(start: int, step: int, size: int) -> bytes:
    """``start``, ``start + step``, ... as bytes."""
    period = _ramp(step).translate(_plus(start))
    return (period * (size // 256 + 1))[:size]


@cache
def _ramp(step: int) -> bytes:
    return bytes(step * n & 255 for n in range(256))


@cache
def _plus(number: int) -> bytes:
    return bytes(byte + number & 255 for byte in range(256))


def chained(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """Candidates whose first bytes become a known beginning, or text that reads well."""
    if len(data) < _LEAST:
        return
    budget.spend(2_000_000)
    for kind, step, undo in _UNDOINGS:
        head = undo(data[:_HEAD])
        for table in _constants(head, len(data), kind):
            budget.spend(len(data) * SLOW * 2)
            yield Candidate(_undone(data, undo, table), kind, step, need=GUESS)
    yield from _counters(data, budget)
    yield from _xor_then_add(data, budget)


def _constants(head: bytes, size: int, kind: str) -> Iterator[bytes | None]:
    """Tables that turn the head into something known; ``None`` when it already is."""
    if begins_well(head, size) or _reads(head[1:]):
        yield None
        return
    fixed = _with_first(head, size)
    if fixed is not None:
        yield fixed
        return
    if kind == "reversed":
        return
    numbers = [*beginning_well(head, size), *readable(head[1:])][:2]
    for number in numbers:
        yield tables()[number][2]


def _with_first(head: bytes, size: int) -> bytes | None:
    """A chain's first byte depends on what nobody knows: the first byte that fits, alone."""
    for start in STARTS:
        if start[1] == head[1] and begins_well(start[:1] + head[1:], size):
            return start[:1]
    return None


def _undone(data: bytes, undo: Undo, table: bytes | None) -> bytes:
    out = undo(data)
    if table is None:
        return out
    return table + out[1:] if len(table) == 1 else out.translate(table)


def _reads(head: bytes) -> bool:
    return (
        len(head) >= _LEAST
        and not head[:_SAMPLE].translate(None, PRINTABLE)
        and likeness(head) > _READABLE
    )


def _counters(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """A key byte that grows by a step: both follow from a known beginning, or from text."""
    head, size = data[:96], len(data)
    for step, number in _starts(head):
        if not step:
            continue  # one key for all bytes
        plain = _joined_bytes(head, counter(number, step, len(head)))
        if begins_well(plain, size) or (len(plain) >= _LEAST and _reads(plain)):
            budget.spend(size * 4)
            words = f"xor key {number:02x}, growing by {step}"
            yield Candidate(
                _joined_bytes(data, counter(number, step, size)), "xor", words, need=GUESS
            )


def _starts(head: bytes) -> Iterator[tuple[int, int]]:
    """(step, first key byte) that a known beginning asks for, and those of text by ones."""
    found = {
        (((head[1] ^ one[1]) - (head[0] ^ one[0])) & 255, head[0] ^ one[0]): None for one in STARTS
    }
    yield from found
    for step in (1, -1):
        fitting = _ALL
        for at, byte in enumerate(head[:_TRIED]):
            fitting &= _turned(_printing_under(byte), step * at & 255)
        while fitting:
            low = fitting & -fitting
            yield step & 255, low.bit_length() - 1
            fitting ^= low


_ALL, _TRIED = (1 << 256) - 1, 32


def _turned(keys: int, by: int) -> int:
    """A set of keys, each less by a number."""
    return (keys >> by | keys << 256 - by) & _ALL


@cache
def _printing_under(byte: int) -> int:
    """The keys that make ``byte`` printable, as set bits."""
    return sum(1 << (byte ^ printable) for printable in PRINTABLE)


def _xor_then_add(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """Every byte XORed with one constant, then another added: known bytes give both.

    Short beginnings leave several pairs; each is proposed, the content decides.
    """
    head, size = data[:_HEAD], len(data)
    difference = (head[1] - head[0]) & 255
    seen: set[bytes] = set()
    for start in BEGINNINGS:
        for key in _keys_by_difference(start[0], start[1]).get(difference, ()):
            added = (head[0] - (start[0] ^ key)) & 255
            if any((one ^ key) + added & 255 != two for one, two in zip(start, head, strict=False)):
                continue
            table = _less_then_xor(added, key)
            if (
                table not in seen
                and len(seen) < _PAIRS
                and begins_well(head.translate(table), size)
            ):
                seen.add(table)
                budget.spend(size)
                step = f"less {added:02x}, then xor key {key:02x}"
                yield Candidate(data.translate(table), "xor", step, need=GUESS)


def _less_then_xor(added: int, key: int) -> bytes:
    return bytes(((byte - added) & 255) ^ key for byte in range(256))


@cache
def _keys_by_difference(first: int, second: int) -> dict[int, tuple[int, ...]]:
    """By the difference of two bytes after an XOR: the keys that make it."""
    found: dict[int, list[int]] = {}
    for key in range(1, 256):
        found.setdefault(((second ^ key) - (first ^ key)) & 255, []).append(key)
    return {difference: tuple(keys) for difference, keys in found.items()}
