"""Transaction logs: the writes that a hive's file has not got yet.

New logs (Windows 8.1 and later) are entries (``HvLE``), each with the pages that it writes and two
Marvin32 hashes; old ones are a bitmap (``DIRT``) of 512-byte pages and the pages. Both begin with
a copy of the base block. Replaying makes a new image; the hive's own bytes stay what they are.

As in Windows, a log whose base block is damaged is not used, entries follow one another without a
gap in their numbers, and the first bad one ends the replay.

Source: M. Suhanov, "Windows registry file format specification", transaction log files.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from triage.parsers.regf.header import HEAD, SIGNATURE, SIZE, BaseBlock, parse_base_block
from triage.parsers.regf.marvin import marvin32
from triage.records import dataclass

SECTOR = 512
OLD_KINDS, NEW_KIND = (1, 2), 6
_ENTRY = struct.Struct("<4sIIIIIQQ")
_PAGE = struct.Struct("<II")
_HASHED_HEAD, _HEAD = 32, 40
# No hive is larger than 2 GB.
_BINS_MAX = 0x7FFFF000
# Hashing costs about 0.2 s for a megabyte. Beyond this many bytes of pages, only the last entry of
# a log, the one that a crash can have cut off, is hashed whole; the heads of all are.
_HASHED_MAX = 1 << 20

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a new log: where its pages go (offset in the bins, size), and their bytes."""

    sequence: int
    bins_size: int
    pages: tuple[tuple[int, int], ...]
    data: memoryview
    hashed: memoryview
    hash: int

    @property
    def whole(self) -> bool:
        """Whether the pages are those that were hashed."""
        return marvin32(self.hashed) == self.hash


@dataclass(frozen=True, slots=True)
class Replayed:
    """A hive after its logs: ``image`` is the whole file, ``written`` the ranges of the bins."""

    image: bytearray
    block: BaseBlock
    count: int
    written: tuple[tuple[int, int], ...]


def replay(
    data: bytes | memoryview, block: BaseBlock, logs: Sequence[bytes], note: Note
) -> Replayed | None:
    """The hive with what its logs add; ``None`` when there is nothing to add.

    ``note`` is told why a log was not used, or not to its end.
    """
    if not block.dirty:
        return None
    usable = [
        (head, log)
        for log in logs
        if (head := parse_base_block(log)) is not None and _is_log(head, note)
    ]
    if not block.sound:
        block = _repaired(block, usable)
    old = [log for head, log in usable if head.kind in OLD_KINDS and _fits(head, block, note)]
    new = [log for head, log in usable if head.kind == NEW_KIND]
    if new:
        return _replay_new(data, block, new, note)
    return _replay_old(data, block, old[0], note) if old else None


def _is_log(head: BaseBlock, note: Note) -> bool:
    if head.kind not in (*OLD_KINDS, NEW_KIND):
        return False
    if not head.sound:
        note("a log with a damaged base block was not replayed")
    return head.sound


def _fits(head: BaseBlock, block: BaseBlock, note: Note) -> bool:
    """Whether an old log belongs to the hive, and was written to its end."""
    fits = head.written == block.written and head.sequence[0] == head.sequence[1]
    if not fits:
        note("a log of another time, or half written, was not replayed")
    return fits


def _repaired(block: BaseBlock, usable: Sequence[tuple[BaseBlock, bytes]]) -> BaseBlock:
    """The base block as the oldest usable log has it, so that all its entries count."""
    if not usable:
        return block
    head = min((head for head, _ in usable), key=lambda head: head.sequence)
    return replace(head, kind=0, sequence=(head.sequence[0], 0), sound=False)


def _replay_new(
    data: bytes | memoryview, block: BaseBlock, logs: Sequence[bytes], note: Note
) -> Replayed | None:
    """Apply the entries that come after what the hive has, in the order of their numbers."""
    chosen = list(_sound(list(_following(block.sequence[1], logs)), note))
    if not chosen:
        return None
    # What is added to a hive is in its logs: no entry can ask for more room than they take.
    most = len(data) + sum(map(len, logs))
    image, written = bytearray(data), list[tuple[int, int]]()
    for entry in chosen:
        written += _apply(image, entry, most)
    block = replace(block, bins_size=chosen[-1].bins_size)
    return Replayed(image, block, len(chosen), tuple(written))


def _following(last: int, logs: Sequence[bytes]) -> Iterator[Entry]:
    """The entries from number ``last`` on, of all logs, up to the first gap."""
    chains = sorted(
        (list(entries(log)) for log in logs), key=lambda some: [e.sequence for e in some]
    )
    begun = False
    for entry in (entry for chain in chains for entry in chain):
        if entry.sequence == last + 1 if begun else entry.sequence >= last:
            begun, last = True, entry.sequence
            yield entry


def _sound(chain: Sequence[Entry], note: Note) -> Iterator[Entry]:
    """The entries before the first whose pages are not those that were hashed."""
    hash_all = sum(len(entry.hashed) for entry in chain) <= _HASHED_MAX
    for entry in chain:
        if (hash_all or entry is chain[-1]) and not entry.whole:
            note(f"log entry {entry.sequence} is damaged; the replay ends there")
            return
        yield entry


def _apply(image: bytearray, entry: Entry, most: int) -> Iterator[tuple[int, int]]:
    """Write the pages of an entry; give the ranges of the bins that were written."""
    at = 0
    for place, size in entry.pages:
        end = SIZE + place + size
        if end <= most:
            image += bytes(max(end - len(image), 0))
            image[end - size : end] = entry.data[at : at + size]
            yield place, place + size
        at += size


def entries(log: bytes) -> Iterator[Entry]:
    """The entries of a new log from its start, up to the first whose head is not right.

    What a log was used for before lies behind the newer entries; numbers tell it apart.
    """
    view, at, last = memoryview(log), SECTOR, None
    while at + _HEAD <= len(view):
        entry = _entry(view[at:])
        if entry is None or (last is not None and entry.sequence != last + 1):
            return
        yield entry
        last = entry.sequence
        at += len(entry.hashed) + _HEAD


def _entry(view: memoryview) -> Entry | None:
    sig, size, _, sequence, bins_size, count, payload, head = _ENTRY.unpack_from(view)
    if sig != b"HvLE" or size % SECTOR or not _HEAD <= size <= len(view):
        return None
    if marvin32(view[:_HASHED_HEAD]) != head or bins_size > _BINS_MAX:
        return None
    table = _HEAD + count * _PAGE.size
    if table > size:
        return None
    pages = tuple(_PAGE.iter_unpack(view[_HEAD:table]))
    if sum(length for _, length in pages) > size - table:
        return None
    if any(place + length > bins_size for place, length in pages):
        return None
    return Entry(sequence, bins_size, pages, view[table:size], view[_HEAD:size], payload)


def _replay_old(
    data: bytes | memoryview, block: BaseBlock, log: bytes, note: Note
) -> Replayed | None:
    """Apply an old log: its pages, in the order of the bits that are set."""
    bits = -(-block.bins_size // SECTOR)
    vector = log[SECTOR + 4 : SECTOR + 4 + -(-bits // 8)]
    if log[SECTOR : SECTOR + 4] != b"DIRT" or len(vector) * 8 < bits:
        note("a log without its bitmap was not replayed")
        return None
    numbers = [n for n in range(bits) if vector[n >> 3] >> (n & 7) & 1]
    at = -(-(SECTOR + 4 + len(vector)) // SECTOR) * SECTOR
    if not numbers or at + len(numbers) * SECTOR > len(log):
        note("a log that ends before its pages was not replayed")
        return None
    image = bytearray(data)
    image += bytes(min(max(SIZE + (numbers[-1] + 1) * SECTOR - len(image), 0), len(log)))
    for number in numbers:
        start = SIZE + number * SECTOR
        image[start : start + SECTOR] = log[at : at + SECTOR]
        at += SECTOR
    written = tuple((n * SECTOR, (n + 1) * SECTOR) for n in numbers)
    return Replayed(image, block, 1, written)


def is_log(data: bytes | memoryview) -> bool:
    """Whether a file is a transaction log, not a hive."""
    block = parse_base_block(data)
    kinds = (*OLD_KINDS, NEW_KIND)
    if block is None or bytes(data[:4]) != SIGNATURE or block.kind not in kinds:
        return False
    return (
        bytes(data[HEAD : HEAD + 4]) in (b"HvLE", b"DIRT")
        or bytes(data[SIZE : SIZE + 4]) != b"hbin"
    )
