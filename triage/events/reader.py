"""Records of one log as JSON texts, by the ``evtx`` package; what it cannot read is counted.

The package is given an open file, never a name. Its errors come one for a record or a chunk,
and reading goes on behind them; a panic of its own ends the file and is a problem like others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from operator import itemgetter
from typing import Any, BinaryIO

from triage.parsers import Malformed
from triage.parsers.evtx import (
    CHUNK_HEADER,
    CHUNK_SIZE,
    HEADER_SIZE,
    FileHeader,
    Place,
    chunk_header,
    file_header,
    mended,
    places,
)

_ERRORS_MAX = 20_000
_CHUNKS_MAX = 1 << 18  # 16 GB
_TRIES_MAX = 64
#: Bytes at the end of a chunk in which an old record with any value would fit.
LEAST_UNUSED = 128

_RAW = itemgetter("event_record_id", "timestamp", "data")

Read = Callable[[int, int], bytes]
#: Record number, when it was written, the event as JSON.
Raw = tuple[int, str, str]


@dataclass(slots=True)
class Frame:
    """What the file's own frame says: ``broken`` are offsets of chunks without their signature.

    ``unused`` are (offset of a chunk, where its unused rest begins).
    """

    header: FileHeader | None = None
    broken: list[int] = field(default_factory=list)
    unused: list[tuple[int, int]] = field(default_factory=list)
    chunks: int = 0
    truncated: int = 0


@dataclass(slots=True)
class Reading:
    """One log under way: how many records came, from where, and what went wrong."""

    count: int = 0
    errors: int = 0
    recovered: int = 0
    lost: int = 0
    words: list[str] = field(default_factory=list)
    stopped: bool = False

    def failed(self, words: str) -> None:
        self.errors += 1
        if len(self.words) < 3:
            self.words.append(" ".join(words.split())[:200])
        if self.errors >= _ERRORS_MAX:
            self.stopped = True


def frame_of(read: Read, size: int) -> Frame:
    """Look at the header of the file and of each chunk; ``read(offset, length)`` gives bytes."""
    found = Frame()
    try:
        found.header = file_header(read(0, 128))
    except Malformed:
        return found
    behind = max(0, size - HEADER_SIZE)
    found.truncated = behind % CHUNK_SIZE
    found.chunks = min(_CHUNKS_MAX, -(-behind // CHUNK_SIZE))
    for number in range(found.chunks):
        at = HEADER_SIZE + number * CHUNK_SIZE
        head = chunk_header(read(at, 64))
        if head is None:
            found.broken.append(at)
        elif CHUNK_HEADER <= head.free_offset <= CHUNK_SIZE - LEAST_UNUSED:
            found.unused.append((at, head.free_offset))
    return found


def records(stream: BinaryIO, reading: Reading) -> Iterator[Raw]:
    """Every record that the package can read, in the file's order; the caller counts them."""
    from evtx import PyEvtxParser

    try:
        parsed: Iterator[Any] = PyEvtxParser(stream, number_of_threads=1).records_json()
        steps = map(_RAW, parsed)
    except (RuntimeError, OSError, ValueError) as error:
        reading.failed(str(error))
        return
    while not reading.stopped:
        try:
            yield from steps
            return
        except (RuntimeError, OSError, ValueError) as error:
            reading.failed(str(error))
        except BaseException as error:
            # pyo3's PanicException is no Exception; what Python itself raises must go on.
            if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit | MemoryError):
                raise
            reading.failed(f"the reader stopped: {error}")
            return


def recovered(
    read: Read, frame: Frame, reading: Reading, seen: Callable[[Iterable[int]], bool]
) -> Iterator[Raw]:
    """Records that the package passed over: in chunks without a header, and behind a bad record.

    The package leaves a chunk at the first record that it cannot read, so each chunk is read
    again from the next one whose header is whole; not those of which every record was ``seen``.
    """
    if not frame.broken and not reading.errors:
        return
    page = read(0, HEADER_SIZE)
    broken = frozenset(frame.broken)
    every = range(HEADER_SIZE, HEADER_SIZE + frame.chunks * CHUNK_SIZE, CHUNK_SIZE)
    for at in every if reading.errors else frame.broken:
        chunk = read(at, CHUNK_SIZE)
        head = None if at in broken else chunk_header(chunk)
        # What lies behind the end that a good header tells is of the chunk's earlier use.
        found = [p for p in places(chunk) if head is None or p.start < head.free_offset]
        if found and not seen(place.number for place in found):
            yield from _again(page, chunk, found, at in broken, reading)


def _again(
    page: bytes, chunk: bytes, found: list[Place], new: bool, reading: Reading
) -> Iterator[Raw]:
    """One chunk, from its first record and then from behind each that fails.

    What a first pass over a chunk with a good header gives was given before.
    """
    done, first, tries = set(), 0, 0
    while first < len(found) and tries < _TRIES_MAX:
        inner = Reading()
        for raw in records(BytesIO(mended(page, chunk, found, first)), inner):
            if raw[0] == 0 or raw[0] in done:
                continue
            done.add(raw[0])
            if new or tries:
                reading.recovered += 1
                yield raw
        while first < len(found) and found[first].number in done:
            first += 1
        first += 1
        tries += 1
    reading.lost += sum(1 for place in found if place.number not in done)
