"""Records: the bytes of what the index names, and of everything else that lies in the pages.

``state`` says how a record was found:

* ``live``: the index names it;
* ``unreferenced``: on a page that the mapping uses, but no key of the index leads to it;
* ``unmapped``: on a page that the mapping does not use: an older version, or deleted;
* ``slack``: in bytes that no row of a page's table covers: freed.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from triage.parsers.cim.index import Entry
from triage.parsers.cim.mapping import Mapping
from triage.parsers.cim.pages import NOTHING, PAGE, Contents, Row, contents, unused

LIVE, UNREFERENCED, UNMAPPED, SLACK = "live", "unreferenced", "unmapped", "slack"


class Record(NamedTuple):
    """The bytes of one record; ``page`` is its page in the file, ``offset`` lies in that.

    ``whole`` is false when pages it goes on in are missing, ``sound`` when its checksum is wrong.
    A NamedTuple, like the others here that exist by the ten thousand: they are cheaper to make.
    """

    page: int
    offset: int
    number: int
    data: bytes
    state: str
    whole: bool = True
    sound: bool = True


class Pages:
    """The pages of ``OBJECTS.DATA`` and what was taken from them so far.

    ``older`` are mappings of earlier commits: they say where records on pages that the present
    one does not use go on.
    """

    def __init__(self, data: bytes, mapping: Mapping | None, older: Sequence[Mapping]) -> None:
        self.data = data
        self.count = len(data) // PAGE
        self.mapping = mapping
        self._older = older
        self._contents: dict[int, Contents] = {}
        self._continued: set[int] = set()
        self._taken: set[tuple[int, int]] = set()
        used = range(self.count) if mapping is None else mapping.pages
        self._mapped = frozenset(used)
        self._everywhere: dict[tuple[int, int], tuple[int, Row]] | None = None
        self.misplaced = 0

    def contents(self, page: int) -> Contents:
        known = self._contents.get(page)
        if known is None:
            known = self._contents[page] = contents(self.data, page * PAGE)
        return known

    def fetch(self, entry: Entry) -> Record | None:
        """The record that a key of the index names; ``None`` when it is not there."""
        page = None if self.mapping is None else self.mapping.physical(entry.page)
        if self.mapping is not None and page is not None and page < self.count:
            for row in self.contents(page).rows:
                if row.record == entry.record and row.size == entry.size:
                    self._taken.add((page, row.offset))
                    chain = self._chain(self.mapping, entry.page, row)
                    return self._record(page, row, LIVE, chain)
        return self._fetch_elsewhere(entry)

    def _fetch_elsewhere(self, entry: Entry) -> Record | None:
        """The record by its number and size alone: the mapping is missing or mixed up."""
        if self._everywhere is None:
            # Pages that the mapping uses come last, so that theirs are the ones remembered.
            order = sorted(range(self.count), key=self._mapped.__contains__)
            self._everywhere = {
                (row.record, row.size): (page, row)
                for page in order
                for row in self.contents(page).rows
            }
        place = self._everywhere.get((entry.record, entry.size))
        if place is None:
            return None
        page, row = place
        self.misplaced += 1
        self._taken.add((page, row.offset))
        return self._record(page, row, LIVE, self._likely_chain(page, row))

    def rest(self) -> Iterator[Record]:
        """What was not fetched: rows that no key named, first those on mapped pages."""
        for mapped in (True, False):
            for page in range(self.count):
                if (page in self._mapped) is mapped and page not in self._continued:
                    yield from self._unfetched(page, UNREFERENCED if mapped else UNMAPPED)

    def _unfetched(self, page: int, state: str) -> Iterator[Record]:
        for row in self.contents(page).rows:
            if (page, row.offset) not in self._taken:
                yield self._record(page, row, state, self._likely_chain(page, row))

    def _record(self, page: int, row: Row, state: str, goes_on: Sequence[int]) -> Record:
        start = page * PAGE + row.offset
        data = self.data[start : start + min(row.size, PAGE - row.offset)]
        if len(data) < row.size:
            parts = [data]
            for number in goes_on:
                # Each page once: otherwise a few rows could ask for the whole file each.
                if number in self._continued:
                    break
                self._continued.add(number)
                parts.append(self.data[number * PAGE : (number + 1) * PAGE])
            data = b"".join(parts)[: row.size]
        sound = row.checksum == 0 or row.checksum == zlib.crc32(data)
        return Record(page, row.offset, row.record, data, state, len(data) == row.size, sound)

    def _chain(self, mapping: Mapping, logical: int, row: Row) -> list[int]:
        """The pages in the file that a record goes on in, as far as they are known."""
        missing = row.offset + row.size - PAGE
        found: list[int] = []
        for number in range(logical + 1, logical + 1 + -(-missing // PAGE)):
            page = mapping.physical(number)
            if page is None or page >= self.count:
                break
            found.append(page)
        return found

    def _likely_chain(self, page: int, row: Row) -> list[int]:
        missing = row.offset + row.size - PAGE
        if missing <= 0:
            return []
        present = () if self.mapping is None else (self.mapping,)
        for mapping in (*present, *self._older):
            if page in mapping.pages:
                return self._chain(mapping, mapping.pages.index(page), row)
        # Nobody says where it went on; what was written in one go often lies together.
        return list(range(page + 1, min(page + 1 + -(-missing // PAGE), self.count)))

    def carved(self) -> Iterator[Record]:
        """What may be records in bytes that no row covers: each begins where one could begin.

        They end where the bytes do; whoever reads them finds out whether they are records.
        """
        for page in range(self.count):
            if page in self._continued:
                continue
            table = self.contents(page)
            for start, end in unused(table if table.rows else NOTHING):
                piece = self.data[page * PAGE + start : page * PAGE + end]
                for at in _starts(piece):
                    yield Record(page, start + at, 0, piece[at:], SLACK, whole=False)


# An instance begins with the hash of its class, 64 or 32 hexadecimal digits in UTF-16; a class
# definition with the length of its superclass's name, the name, and a FILETIME of 1990 to 2060.
_INSTANCE = re.compile(rb"(?:[0-9A-F]\0){32}(?:(?:[0-9A-F]\0){32})?")
_YEARS = re.compile(rb"[\xb0-\xff\x00-\x30][\x01\x02]..\0\0\0", re.DOTALL)
_NAME = frozenset(b"_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_CARVED_MAX = 512  # in one page; a record of a class takes more than sixteen bytes


def _starts(piece: bytes) -> list[int]:
    if not piece.strip(b"\0"):
        return []
    found = {match.start() for match in _INSTANCE.finditer(piece)}
    for match in _YEARS.finditer(piece):
        start = _definition_start(piece, match.start() - 6)
        if start is not None:
            found.add(start)
    return sorted(found)[:_CARVED_MAX]


def _definition_start(piece: bytes, time_at: int) -> int | None:
    """Where a class definition with its time at an offset begins: the name before it tells."""
    at = time_at
    while at >= 2 and piece[at - 1] == 0 and piece[at - 2] in _NAME:
        at -= 2
    length = (time_at - at) // 2
    if at < 4 or piece[at - 4 : at] != length.to_bytes(4, "little"):
        return None
    return at - 4
