"""Records in the unused rest of chunks: what an earlier use of the chunk left there.

A chunk is written from its begin; behind the last record lies what was there before, until it is
overwritten: records that were deleted with their log, went round, or, in exported logs, that other
logs held. Those whose templates are still there are read as any other. Of the others the values are
left: what is searched in them does not need names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO

from triage.events.reader import Frame, Raw, Read, Reading, records
from triage.parsers import Malformed
from triage.parsers.evtx import CHUNK_SIZE, HEADER_SIZE, Place, only, places
from triage.parsers.evtx_values import Values, values
from triage.parsers.filetime import utc

_SIGN, _RECORDS_MAX, _TRIES_MAX = b"**", 4000, 8

Seen = Callable[[Iterable[int]], bool]


@dataclass(frozen=True, slots=True)
class Remnant:
    """A record without names: its number, when it was written (RFC 3339, UTC), its values."""

    number: int
    written: str
    values: Values


@dataclass(slots=True)
class Slack:
    """The unused rests of one log's chunks. ``count`` is how many records were found in them."""

    read: Read
    frame: Frame
    seen: Seen
    count: int = 0
    cut: bool = False
    _done: set[tuple[int, str]] = field(default_factory=set)

    def records(self) -> Iterator[Raw | Remnant]:
        """Each record once that the log itself does not hold."""
        page = b""
        for at, free in self.frame.unused:
            if self.read(at + free, CHUNK_SIZE - free).find(_SIGN) < 0:
                continue
            chunk = self.read(at, CHUNK_SIZE)
            found = list(self._new(chunk, free))
            if found:
                page = page or self.read(0, HEADER_SIZE)
                yield from self._of_chunk(page, chunk, found)
            if self.cut:
                return

    def _new(self, chunk: bytes, free: int) -> Iterator[tuple[Place, Remnant]]:
        """Records that are not in the log, and look like ones: with a time, and whole values."""
        for place in places(chunk, free):
            written = _time(int.from_bytes(chunk[place.start + 16 : place.start + 24], "little"))
            if written is None or place.number <= 0:
                continue
            if (place.number, written) in self._done or self.seen((place.number,)):
                continue
            try:
                found = values(chunk, place.start, place.end)
            except Malformed:
                continue
            if self.count >= _RECORDS_MAX:
                self.cut = True
                return
            self._done.add((place.number, written))
            self.count += 1
            yield place, Remnant(place.number, written, found)

    def _of_chunk(
        self, page: bytes, chunk: bytes, found: list[tuple[Place, Remnant]]
    ) -> Iterator[Raw | Remnant]:
        whole = [place for place, remnant in found if remnant.values.whole]
        given = set()
        for raw in _rendered(page, chunk, whole):
            given.add(raw[0])
            yield raw
        yield from (remnant for place, remnant in found if place.number not in given)


def _rendered(page: bytes, chunk: bytes, wanted: list[Place]) -> Iterator[Raw]:
    """Records as the package reads them; where it fails at one it is asked again behind it."""
    for _ in range(_TRIES_MAX):
        if not wanted:
            return
        file, held = only(page, chunk, wanted)
        numbers = {place.number for place in held}
        done = set()
        for raw in records(BytesIO(file), Reading()):
            if raw[0] in numbers and f'"EventRecordID":{raw[0]}' in raw[2]:
                done.add(raw[0])
                yield raw
        rest = [place for place in held if place.number not in done]
        wanted = rest[1:] if rest and rest[0].number not in done else rest


def _time(filetime: int) -> str | None:
    """A FILETIME as RFC 3339 to the second; ``None`` for none of our time."""
    moment = utc(filetime)
    return f"{moment[:19]}Z" if moment is not None and "1999" <= moment < "2100" else None
