"""Streams of the common compressors, bounded: a bomb gives its first bytes and is called one."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Protocol

from triage.content import lz4, lznt1
from triage.content.candidate import PLAIN, PROVEN, SLOW, WORTHY, Budget, Candidate
from triage.records import dataclass

#: From this many output bytes for each input byte on, a stream that is cut is a bomb.
BOMB_RATIO = 100
_LZMA_MEMORY = 128 << 20
_MEMBERS = 256


class _Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Stream:
    """What came out of one stream: ``ended`` is true when its end was reached and agreed,
    ``used`` how many input bytes it took, ``cut`` that the output limit stopped it."""

    data: bytes
    used: int
    ended: bool
    cut: bool = False


def run(make: Callable[[], _Decompressor], data: bytes, limit: int) -> Stream | None:
    """Decompress all concatenated members at the start of ``data``; ``None`` if none opens."""
    out: list[bytes] = []
    used = total = 0
    ended = False
    for _ in range(_MEMBERS):
        one = _member(make(), data[used:] if used else data, limit - total)
        if one is None:
            break
        out.append(one.data)
        used += one.used
        total += len(one.data)
        ended = one.ended
        if not ended or used >= len(data) or total >= limit:
            break
    if not out:
        return None
    return Stream(b"".join(out), used, ended, cut=not ended and total >= limit)


def _member(stream: _Decompressor, data: bytes, limit: int) -> Stream | None:
    out: list[bytes] = []
    total, feed = 0, data
    try:
        while total < limit and not stream.eof:
            piece = stream.decompress(feed, min(limit - total, 1 << 20))
            feed = getattr(stream, "unconsumed_tail", b"")
            if not piece:
                break
            out.append(piece)
            total += len(piece)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError):
        # what came before the damage still counts, unless nothing did
        if total == 0:
            return None
        return Stream(b"".join(out), len(data), ended=False)
    if total == 0 and not stream.eof:
        return None
    used = len(data) - len(stream.unused_data) - len(feed)
    return Stream(b"".join(out), used, ended=stream.eof)


def _gzip() -> _Decompressor:
    return zlib.decompressobj(31)


def _zlib() -> _Decompressor:
    return zlib.decompressobj(15)


def _deflate() -> _Decompressor:
    return zlib.decompressobj(-15)


def _xz() -> _Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY)


def _lzma() -> _Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_LZMA_MEMORY)


_STREAMS: tuple[tuple[str, Callable[[bytes], bool], Callable[[], _Decompressor]], ...] = (
    ("gzip", lambda head: head.startswith(b"\x1f\x8b\x08"), _gzip),
    (
        "bzip2",
        lambda head: head.startswith(b"BZh") and head[4:10] == b"1AY&SY",
        bz2.BZ2Decompressor,
    ),
    ("xz", lambda head: head.startswith(b"\xfd7zXZ\x00"), _xz),
    ("zlib", lambda head: looks_zlib(head), _zlib),
    ("lzma", lambda head: looks_lzma(head), _lzma),
)


def looks_zlib(head: bytes) -> bool:
    """A zlib header (RFC 1950): method 8, window at most 32 KiB, check bits, no dictionary."""
    return (
        len(head) > 6
        and head[0] & 15 == 8
        and head[0] >> 4 <= 7
        and (head[0] << 8 | head[1]) % 31 == 0
        and not head[1] & 0x20
    )


def looks_lzma(head: bytes) -> bool:
    """An LZMA-alone header: usual properties, sane dictionary, first byte of the coder 0."""
    if len(head) < 18 or head[0] not in (0x5D, 0x5E, 0x2C, 0x5B) or head[13] != 0:
        return False
    dictionary = int.from_bytes(head[1:5], "little")
    size = int.from_bytes(head[5:13], "little")
    usual = dictionary & dictionary - 1 == 0 or dictionary & dictionary + 1 == 0
    return usual and dictionary >= 1 << 12 and (size == (1 << 64) - 1 or size < 1 << 32)


def streams(data: bytes, budget: Budget, at: int = 0) -> Iterator[Candidate]:
    """Candidates for a compressed stream that begins at ``at``."""
    body = data[at:] if at else data
    head = body[:32]
    for kind, looks, make in _STREAMS:
        if looks(head):
            yield from _offered(kind, make, body, at, budget)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        yield from _zstd(body, at, budget)
    if head.startswith(b"\x04\x22\x4d\x18"):
        yield from _lz4_frame(body, at, budget)


def _offered(
    kind: str, make: Callable[[], _Decompressor], body: bytes, at: int, budget: Budget
) -> Iterator[Candidate]:
    budget.spend(len(body))
    stream = run(make, body, budget.room())
    if stream is None or not stream.data:
        return
    budget.spend(len(stream.data) * 4)
    yield stream_candidate(kind, stream, at, len(body) + at, budget)


def stream_candidate(kind: str, stream: Stream, at: int, size: int, budget: Budget) -> Candidate:
    """The candidate for a stream at ``at``; notes a bomb. A cut zlib stream proves little."""
    traits: tuple[str, ...] = () if stream.ended else ("truncated",)
    if stream.cut:
        bomb = len(stream.data) > BOMB_RATIO * stream.used
        budget.note("bomb" if bomb else "output")
    weak = kind in ("zlib", "lzma", "deflate") and not stream.ended and not stream.cut
    need = WORTHY if weak else PROVEN
    start, end = _place(at, stream.used, size)
    return Candidate(stream.data, kind, _STEPS[kind], start, end, need, at > 0, traits=traits)


def _place(at: int, used: int, size: int) -> tuple[int | None, int | None]:
    """Where in the layer a stream was: nowhere special when it is all of it."""
    return (None, None) if at == 0 and used >= size - 16 else (at, at + used)


_STEPS = {
    "gzip": "gunzip",
    "bzip2": "bunzip2",
    "xz": "unxz",
    "zlib": "inflate (zlib)",
    "lzma": "unlzma",
    "deflate": "inflate (raw deflate)",
    "zstd": "unzstd",
    "lz4": "unlz4",
    "lznt1": "decompress LZNT1",
}


def _zstd(body: bytes, at: int, budget: Budget) -> Iterator[Candidate]:
    make = zstd_decompressor()
    if make is None:
        budget.note("needs zstandard")
        return
    budget.spend(len(body))
    stream = _zstd_stream(make, body, budget.room())
    if stream is not None and stream.data:
        budget.spend(len(stream.data) * 4)
        yield stream_candidate("zstd", stream, at, len(body) + at, budget)


def zstd_decompressor() -> Callable[[], Any] | None:
    """A maker of decompressors: Python 3.14's own, else the ``zstandard`` package, else none."""
    try:
        return import_module("compression.zstd").ZstdDecompressor  # type: ignore[no-any-return]
    except ImportError:
        pass
    try:
        package = import_module("zstandard")
    except ImportError:
        return None
    return lambda: package.ZstdDecompressor(max_window_size=_LZMA_MEMORY)


def _zstd_stream(make: Callable[[], Any], body: bytes, limit: int) -> Stream | None:
    decompressor = make()
    if not hasattr(decompressor, "stream_reader"):
        errors = (import_module("compression.zstd").ZstdError,)
        try:
            return run(make, body, limit)
        except errors:
            return None
    error = import_module("zstandard").ZstdError
    out: list[bytes] = []
    total, ended = 0, False
    try:
        with decompressor.stream_reader(body, read_across_frames=True) as reader:
            while total < limit and not ended:
                piece = reader.read(min(1 << 20, limit - total))
                ended = not piece
                out.append(piece)
                total += len(piece)
    except error:
        pass
    if total == 0:
        return None
    return Stream(b"".join(out), len(body), ended, cut=total >= limit)


def _lz4_frame(body: bytes, at: int, budget: Budget) -> Iterator[Candidate]:
    budget.spend(len(body) * 4)
    found = lz4.frame(body, budget.room())
    if found is None:
        return
    data, used = found
    budget.spend(len(data) * 4)
    stream = Stream(data, used, ended=True, cut=len(data) >= budget.room())
    yield stream_candidate("lz4", stream, at, len(body) + at, budget)


# --- formats without a magic number -----------------------------------------------------


def bare(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """Raw deflate, LZNT1 and LZ4 blocks, also behind a length field of 4 or 8 bytes.

    They have no magic number: a stream must be valid, use its input up and give more than it
    took or something telling.
    """
    for at in (0, 4, 8):
        if len(data) < at + 8:
            return
        yield from _raw_deflate(data, at, budget)
        yield from _lznt1(data, at, budget)
        yield from _lz4_block(data, at, budget)
        if at:
            yield from streams(data, budget, at)


def _raw_deflate(data: bytes, at: int, budget: Budget) -> Iterator[Candidate]:
    if data[at] & 7 in (6, 7):  # block type 3 is an error (RFC 1951, 3.2.3)
        return
    body = data[at:] if at else data
    probe = _member(_deflate(), body[:4096], 1 << 16)
    if probe is None or (not probe.ended and len(body) <= 4096 and len(probe.data) < 64):
        return
    budget.spend(len(body))
    stream = run(_deflate, body, budget.room())
    if stream is None or len(stream.data) < 16:
        return
    budget.spend(len(stream.data) * 4)
    if stream.ended and len(body) - stream.used > max(16, len(body) // 20):
        return  # random bits reach an "end of block" early; a payload fills its blob
    found = stream_candidate("deflate", stream, at, len(data), budget)
    need = PLAIN if len(stream.data) > len(body) else WORTHY
    yield Candidate(
        found.data, "deflate", found.step, found.start, found.end, need, traits=found.traits
    )


def _lznt1(data: bytes, at: int, budget: Budget) -> Iterator[Candidate]:
    if at + 3 > len(data) or data[at + 1] & 0x70 != 0x30 or not lznt1.chunks(data, at):
        return
    room = budget.room()
    budget.spend(len(data) * SLOW)
    out = lznt1.decompress(data, at, room)
    if out is None or len(out) < 8:
        return
    budget.spend(len(out) * 4)
    need = WORTHY if len(lznt1.chunks(data, at)) == 1 else PLAIN
    yield stream_candidate_with(
        Stream(out, len(data) - at, ended=True, cut=len(out) >= room),
        "lznt1",
        at,
        need,
        len(data),
        budget,
    )


def _lz4_block(data: bytes, at: int, budget: Budget) -> Iterator[Candidate]:
    body = data[at:] if at else data
    size = int.from_bytes(data[:4], "little") if at == 4 else None
    if size is not None and not len(body) // 300 <= size <= 255 * len(body) + 64:
        return
    if size is None and (at or len(body) < 32):
        return
    room = budget.room()
    # most data fails within the first few sequences; the whole cost only counts on success
    out = lz4.block(body, room if size is None else min(room, size))
    budget.spend(len(body) if out is None else len(body) * 8)
    if out is None or (size is not None and len(out) != size) or len(out) <= len(body):
        return
    need = PROVEN if size is not None else WORTHY
    yield stream_candidate_with(
        Stream(out, len(body), ended=True), "lz4", at, need, len(data), budget
    )


def stream_candidate_with(
    stream: Stream, kind: str, at: int, need: int, size: int, budget: Budget
) -> Candidate:
    """Like :func:`stream_candidate`, for a format that proves only as much as ``need`` says."""
    made = stream_candidate(kind, stream, at, size, budget)
    return Candidate(
        made.data,
        kind,
        made.step,
        made.start,
        made.end,
        max(need, made.need),
        made.named,
        traits=made.traits,
    )
