"""The frame of an event log file: file header, chunk headers, record headers.

A file is a header block of 4096 bytes and chunks of 65536. The records themselves, binary XML,
are read by a package of its own; the frame tells what that package cannot: how many records there
should be, which chunks are damaged, how many records those hold. Numbers are little-endian.

Source: libyal/libevtx, "Windows XML Event Log (EVTX) format".
"""

from __future__ import annotations

import struct

from triage.parsers import Malformed
from triage.records import dataclass

MAGIC, CHUNK_MAGIC, RECORD_MAGIC = b"ElfFile\0", b"ElfChnk\0", b"\x2a\x2a\0\0"
#: The log format of Windows XP and 2003: a size of 0x30 and this signature.
OLD_MAGIC = b"\x30\0\0\0LfLe"
HEADER_SIZE, CHUNK_SIZE, CHUNK_HEADER = 4096, 65536, 512
_RECORD_SIGN = RECORD_MAGIC[:2]
_RECORD_LEAST = 28  # header of 24 bytes and the copy of the size behind the record
_FIELDS = struct.Struct("<8s3QI2H2H")
_NUMBERS = struct.Struct("<8s4Q3I")
_ENDS = struct.Struct("<3I")
_RECORD = struct.Struct("<4sI2Q")
_PLACE = struct.Struct("<4sIQ")


@dataclass(frozen=True, slots=True)
class FileHeader:
    """``next_record`` is the number that the next record will get; ``chunks`` how many are used.

    ``dirty`` says that the file was not closed, so that the other fields may be stale.
    """

    next_record: int
    chunks: int
    dirty: bool
    full: bool


@dataclass(frozen=True, slots=True)
class ChunkHeader:
    """Record numbers count within the file, identifiers within the log it was taken from."""

    first_number: int
    last_number: int
    first_id: int
    last_id: int
    free_offset: int


def file_header(data: bytes) -> FileHeader:
    """The header from the file's first 128 bytes; raises :class:`Malformed`."""
    if len(data) < 128 or not data.startswith(MAGIC):
        raise Malformed("no event log: the file does not begin with ElfFile")
    values = _FIELDS.unpack_from(data)
    flags = int.from_bytes(data[120:124], "little")
    return FileHeader(values[3], values[8], bool(flags & 1), bool(flags & 2))


def chunk_header(data: bytes) -> ChunkHeader | None:
    """The header from a chunk's first 56 bytes; ``None`` where it is damaged or never was one."""
    if len(data) < _NUMBERS.size or not data.startswith(CHUNK_MAGIC):
        return None
    _, first, last, first_id, last_id, _, _, free = _NUMBERS.unpack_from(data)
    return ChunkHeader(first, last, first_id, last_id, free)


@dataclass(frozen=True, slots=True)
class Place:
    """A record whose header is whole: where it begins in its chunk, where it ends, its number."""

    start: int
    end: int
    number: int


def places(chunk: bytes, start: int = CHUNK_HEADER) -> list[Place]:
    """The records whose headers are whole in a chunk, whatever the chunk's own header says.

    A header counts when its size fits into the chunk and is repeated at the record's end.
    """
    found = []
    # Two bytes are looked for: searching for four that end in zeros takes long among zeros.
    at, last = chunk.find(_RECORD_SIGN, start), len(chunk) - _RECORD_LEAST
    while at >= 0:
        if at > last:
            break
        magic, size, number = _PLACE.unpack_from(chunk, at)
        end = at + size
        fits = magic == RECORD_MAGIC and size >= _RECORD_LEAST and end <= len(chunk)
        if fits and chunk[end - 4 : end] == chunk[at + 4 : at + 8]:
            found.append(Place(at, end, number))
            at = end if chunk.startswith(RECORD_MAGIC, end) else chunk.find(_RECORD_SIGN, end)
        else:
            at = chunk.find(_RECORD_SIGN, at + 1)
    return found


#: A fragment header and the end of its stream: a record that says nothing.
_NOTHING = b"\x0f\x01\x01\x00\x00"
_COVER = 24 + len(_NOTHING) + 4


def mended(page: bytes, chunk: bytes, found: list[Place], first: int) -> bytes:
    """A file of this one chunk, with a header that a reader accepts, from the record ``first`` on.

    ``page`` is the header block of its file, ``found`` the chunk's records. Offsets in binary XML
    count from the chunk's begin, so nothing may move: an empty record (number 0) covers what is
    left out, of which only the first bytes change. A record's templates lie behind those.
    """
    body = bytearray(chunk.ljust(CHUNK_SIZE, b"\0"))
    last, start = found[-1], found[first].start
    body[:8] = CHUNK_MAGIC
    _ENDS.pack_into(body, 40, 128, last.start, last.end)
    if start > CHUNK_HEADER:
        size = start - CHUNK_HEADER
        _RECORD.pack_into(body, CHUNK_HEADER, RECORD_MAGIC, size, 0, 0)
        body[CHUNK_HEADER + 24 : CHUNK_HEADER + 24 + len(_NOTHING)] = _NOTHING
        body[start - 4 : start] = size.to_bytes(4, "little")
    return _one_chunk(page) + bytes(body)


def only(page: bytes, chunk: bytes, kept: list[Place]) -> tuple[bytes, list[Place]]:
    """A file of this one chunk with these records alone, and those of them that are in it.

    As in :func:`mended` nothing moves: empty records cover what lies between, which takes the room
    of one; a record that begins too close behind another is left out.
    """
    body = bytearray(chunk.ljust(CHUNK_SIZE, b"\0"))
    at, held = CHUNK_HEADER, []
    for place in kept:
        room = place.start - at
        if room and room < _COVER:
            continue
        if room:
            _RECORD.pack_into(body, at, RECORD_MAGIC, room, 0, 0)
            body[at + 24 : at + 24 + len(_NOTHING)] = _NOTHING
            body[place.start - 4 : place.start] = room.to_bytes(4, "little")
        held.append(place)
        at = place.end
    if held:
        body[:8] = CHUNK_MAGIC
        _ENDS.pack_into(body, 40, 128, held[-1].start, held[-1].end)
    return _one_chunk(page) + bytes(body), held


def _one_chunk(page: bytes) -> bytes:
    """The header block of a file with one chunk."""
    head = bytearray(page[:HEADER_SIZE].ljust(HEADER_SIZE, b"\0"))
    head[8:24] = bytes(16)  # first and last chunk
    head[42:44] = (1).to_bytes(2, "little")
    return bytes(head)
