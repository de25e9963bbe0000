"""Mapping files: which page of a data file holds which logical page.

A mapping file is one or two blocks, the first for ``OBJECTS.DATA``, the second, where there is
one, for ``INDEX.BTR``: header, page table, free list, end mark. Windows XP (2.0) has a header of
12 bytes and table rows of 4; Vista and later (2.1) a header of 20 bytes and rows of 24.
All numbers are little-endian.

Source: libyal/dtformats, "WMI repository file format", mapping file; the order and sizes of the
end marks were taken from repositories of Windows XP and Windows 10.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping as Files

from triage.parsers import Malformed
from triage.records import dataclass

UNAVAILABLE = 0xFFFFFFFF
_BEGIN, _END = 0xABCD, 0xDCBA
_PAGES_MAX = 1 << 22  # 32 GB of pages; a real repository has a few thousand


@dataclass(frozen=True, slots=True)
class Mapping:
    """One block. ``pages[logical]`` is the page's number in the data file, or UNAVAILABLE.

    ``sequence`` and ``identifier`` grow with every commit (XP has no identifier: 0); ``total`` is
    the number of pages of the data file; ``complete`` is false where the file ended early or
    the end mark is missing; ``end`` is the offset behind the block. In the block of an index,
    ``root`` is the logical page of the tree's root (2.1 only; XP says it in the page 0).
    """

    modern: bool
    sequence: int
    identifier: int
    total: int
    pages: tuple[int, ...]
    free: tuple[int, ...]
    complete: bool
    end: int
    root: int | None = None

    def physical(self, logical: int) -> int | None:
        """Where a logical page lies, ``None`` when the mapping does not say."""
        if not 0 <= logical < len(self.pages) or self.pages[logical] == UNAVAILABLE:
            return None
        return self.pages[logical]


def parse_mapping(data: bytes) -> tuple[Mapping, ...]:
    """The blocks of a mapping file, one or two; raises :class:`Malformed` when there is none."""
    first = _block(data, 0)
    if first.complete and first.end + 16 <= len(data):
        try:
            return first, _block(data, first.end)
        except Malformed:
            return (first,)
    return (first,)


def _block(data: bytes, start: int) -> Mapping:
    """A block in the format that fits to its end mark; else the likelier one, cut short."""
    if start + 16 > len(data) or struct.unpack_from("<I", data, start)[0] != _BEGIN:
        raise Malformed(f"no mapping at offset {start}")
    candidates = [b for b in (_modern(data, start), _old(data, start)) if b is not None]
    if not candidates:
        raise Malformed(f"the mapping at offset {start} counts more pages than there can be")
    complete = [block for block in candidates if block.complete]
    if complete:
        # By chance a block fits both formats; then only one maps pages that there are.
        return next((block for block in complete if _plausible(block)), complete[0])
    # The second identifier of a 2.1 header is the one before the first.
    if start + 20 <= len(data):
        current, previous = struct.unpack_from("<2I", data, start + 8)
        if current - previous == 1:
            return candidates[0]
    return candidates[-1]


def _plausible(block: Mapping) -> bool:
    return all(page < block.total or page == UNAVAILABLE for page in block.pages)


def _modern(data: bytes, start: int) -> Mapping | None:
    if start + 24 > len(data):
        return None
    sequence, identifier, _, total, count = struct.unpack_from("<5I", data, start + 4)
    if max(count, total) > _PAGES_MAX:
        return None
    rows = min(count, (len(data) - start - 24) // 24)
    table = struct.unpack_from(f"<{rows * 6}I", data, start + 24)[::6]
    free, end, complete = _tail(data, start + 24 + rows * 24)
    complete = complete and rows == count
    # The fourth number of the row of page 0, which is the tree's administrative page.
    root = struct.unpack_from("<I", data, start + 36)[0] if rows else None
    return Mapping(True, sequence, identifier, total, table, free, complete, end, root)


def _old(data: bytes, start: int) -> Mapping | None:
    sequence, total, count = struct.unpack_from("<3I", data, start + 4)
    if max(count, total) > _PAGES_MAX:
        return None
    rows = min(count, (len(data) - start - 16) // 4)
    table = struct.unpack_from(f"<{rows}I", data, start + 16)
    free, end, complete = _tail(data, start + 16 + rows * 4)
    return Mapping(False, sequence, 0, total, table, free, complete and rows == count, end)


def _tail(data: bytes, at: int) -> tuple[tuple[int, ...], int, bool]:
    """The free list behind the table, the offset behind its end mark, whether that is there."""
    if at + 4 > len(data):
        return (), len(data), False
    count = struct.unpack_from("<I", data, at)[0]
    if count > _PAGES_MAX or at + 8 + count * 4 > len(data):
        return (), len(data), False
    free = struct.unpack_from(f"<{count}I", data, at + 4)
    end = at + 8 + count * 4
    return free, end, struct.unpack_from("<I", data, end - 4)[0] == _END


@dataclass(frozen=True, slots=True)
class Chosen:
    """The mappings to read by: the newest of the objects and of the index, and older ones of the
    objects, newest first. ``problems`` are (file, what was wrong)."""

    objects: Mapping | None
    older: tuple[Mapping, ...]
    index: Mapping | None
    problems: tuple[tuple[str, str], ...]


def choose(files: Files[str, bytes]) -> Chosen:
    """The newest valid mappings of all mapping files, given by their upper-case names.

    The highest sequence number wins, then the highest identifier; a block cut short is used only
    when there is no complete one. Raises nothing.
    """
    objects: list[Mapping] = []
    index: list[Mapping] = []
    problems = []
    for name in sorted(files):
        try:
            blocks = parse_mapping(files[name])
        except Malformed as error:
            problems.append((name, str(error)))
            continue
        if not all(block.complete for block in blocks):
            problems.append((name, "ends before its end mark"))
        if name == "INDEX.MAP":
            index += blocks[:1]
        else:
            objects += blocks[:1]
            index += blocks[1:2]
    objects.sort(key=_age, reverse=True)
    index.sort(key=_age, reverse=True)
    if not objects:
        problems.append(("OBJECTS.DATA", "no mapping: its pages were taken as they lie"))
    newest, of_index = next(iter(objects), None), next(iter(index), None)
    return Chosen(newest, tuple(objects[1:]), of_index, tuple(problems))


def _age(block: Mapping) -> tuple[bool, int, int]:
    return block.complete, block.sequence, block.identifier
