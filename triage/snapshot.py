"""Snapshot <-> JSON Lines: header, one record per line, footer with counts and digest.

The format is strict both ways: only known kinds, exact fields, exact types, bounded lines.
Fields that hold their default are left out. A file that ends before its footer is a truncated
snapshot and still loads, with ``complete`` false and a gap; a file whose digest or counts
do not match, or that has a wrong line in its middle, was altered and does not load.

docs/snapshot-format.md describes the format; ``FORMAT`` is its number.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from triage.kinds import KINDS, class_of, kind_of
from triage.model import (
    Artifact,
    Coverage,
    Gap,
    Host,
    Location,
    Process,
    Snapshot,
    Why,
)
from triage.typed_json import decoder, encoder

FORMAT = "triage-snapshot/1"
LINE_LIMIT = 64 << 20
TOTAL_LIMIT = 8 << 30
RECORD_LIMIT = 4_000_000
_MEMBERS_LIMIT = 1024  # of a gzip file; each costs a copy of the chunk it lies in
_CHUNK = 1 << 20

_OTHERS: dict[str, type] = {"gap": Gap, "coverage": Coverage, "host": Host}
NAMES = (*(kind.record for kind in KINDS), *_OTHERS)
_OTHER_OF = {cls: name for name, cls in _OTHERS.items()}
_HEADER = frozenset({"format", "tool_version", "root_kind", "root_path", "started_at"})


class NotASnapshot(ValueError):
    """The bytes are no snapshot of a format we know; the message says what they are."""


class Altered(ValueError):
    """A snapshot whose content does not match its own footer or format; says where."""


# --- writing ------------------------------------------------------------------------------

# ensure_ascii: surrogate-escaped bytes of evidence survive as \udcXX. Records hold no cycles.
_JSON = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False)


def _line(record: dict[str, Any]) -> bytes:
    return _JSON.encode(record).encode("ascii") + b"\n"


def _name_of(item: Any) -> str:
    return _OTHER_OF.get(type(item)) or kind_of(item).record


def encode_record(item: Artifact | Gap | Coverage | Host) -> dict[str, Any]:
    """One record as its JSON object, ``kind`` first."""
    cls: Any = type(item)
    return {"kind": _name_of(item), **encoder(cls)(item)}


def decode_record(record: dict[str, Any]) -> Artifact | Gap | Coverage | Host:
    """The inverse of :func:`encode_record`; raises ValueError on any deviation."""
    body = dict(record)
    kind = body.pop("kind", None)
    if not isinstance(kind, str) or kind not in NAMES:
        raise ValueError(f"unknown kind of record {kind!r}")
    decoded: Artifact | Gap | Coverage | Host = decoder(_OTHERS.get(kind) or class_of(kind))(body)
    return decoded


def lines(snapshot: Snapshot) -> Iterator[bytes]:
    """The snapshot as lines, header to footer; the digest is over all before it
    and over the footer's own counts."""
    import hashlib  # loads OpenSSL: a look that nobody saves goes without

    digest = hashlib.sha256()
    counts = dict.fromkeys(NAMES, 0)
    header = {name: getattr(snapshot, name) for name in sorted(_HEADER - {"format"})}
    records: Iterable[Any] = (
        snapshot.host,
        *snapshot.artifacts,
        *snapshot.gaps,
        *snapshot.coverage,
    )
    first = _line({"format": FORMAT, **header})
    digest.update(first)
    yield first
    for record in records:
        item, line = _bounded_line(record)
        counts[_name_of(item)] += 1
        digest.update(line)
        yield line
    footer = {"finished_at": snapshot.finished_at, "counts": counts}
    digest.update(_line(footer))
    yield _line({"footer": footer, "sha256": digest.hexdigest()})


def _bounded_line(item: Any) -> tuple[Any, bytes]:
    """A record and its line; something smaller in its place when no reader would take it.

    A process may hold a million descriptors with long names, an image may name a process with
    two hundred digits: one record must not make the others unreadable.
    """
    try:
        line = _line(encode_record(item))
        if len(line) <= LINE_LIMIT:
            return item, line
        why, detail = Why.TRUNCATED, f"a record of {len(line)} bytes, more than a snapshot holds"
    except ValueError as error:
        why, detail = Why.MALFORMED, f"a record that a snapshot cannot hold: {error}"
    instead: Any = Gap(_place_of(item), why, f"left out: {detail}")
    if isinstance(item, Host):
        instead = Host(notes=(f"facts of the host left out: {detail}",))
    return instead, _line(encode_record(instead))


_TEXTS = 8 << 20  # command line, environment, control groups: the most that is read of them
_PATH = 4096 * 6  # PATH_MAX, each byte as \\udcXX


def _surely_fits(item: Any) -> bool:
    """Whether a record is so small that its line need not be made to see that a reader takes it.

    Nearly all records of a box are processes with a few descriptors and mappings. Texts are at
    most what collectors read, paths what the kernel gives; the rest of a line is small.
    """
    if type(item) is not Process:
        return False
    mappings = item.mappings or ()
    if any(m.content is not None or m.patches or len(m.path) > 4096 for m in mappings):
        return False
    links = len(item.descriptors or ()) + len(item.open_files) + 3 * len(item.arguments)
    texts = sum(map(len, (*(item.cmdline or ()), *(item.environ or ()), item.cgroup or "")))
    return texts < _TEXTS and (links + len(mappings) + 16) * _PATH + 6 * _TEXTS < LINE_LIMIT


def _place_of(item: Any) -> Location:
    location = getattr(item, "location", None)
    if isinstance(location, Location) and len(location.path) < 1 << 16:
        return Location(location.path)
    return Location("snapshot")


def settled(snapshot: Snapshot) -> Snapshot:
    """What ``loads(dumps(snapshot))`` gives, for records that collectors made.

    A live report is made from this, so that it is the very report of the saved snapshot.
    """
    kept: list[Any] = []
    instead: list[Gap] = []
    for artifact in snapshot.artifacts:
        item: Any = artifact if _surely_fits(artifact) else _bounded_line(artifact)[0]
        (kept if item is artifact else instead).append(item)
    host, _ = _bounded_line(snapshot.host)
    gaps = [_bounded_line(gap)[0] for gap in snapshot.gaps]
    return replace(snapshot, host=host, artifacts=tuple(kept), gaps=(*instead, *gaps))


def dumps(snapshot: Snapshot) -> bytes:
    return b"".join(lines(snapshot))


# --- reading ------------------------------------------------------------------------------


def load(stream: BinaryIO) -> Snapshot:
    """Read a snapshot, gzip-compressed or plain, from a binary stream.

    Raises :class:`NotASnapshot` or :class:`Altered`. A file cut short gives a snapshot with
    ``complete`` false.
    """
    return _Loader().load(_bounded_lines(stream))


def loads(data: bytes) -> Snapshot:
    return load(io.BytesIO(data))


def _bounded_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines with their newline; the last may lack it when the file was cut short."""
    total = 0
    pending: list[bytes] = []
    pending_size = 0
    for chunk in _chunks(stream):
        total += len(chunk)
        first, *rest = chunk.split(b"\n")
        pending.append(first)
        pending_size += len(first)
        if pending_size > LINE_LIMIT or total > TOTAL_LIMIT:
            raise Altered(f"larger than any snapshot: more than {LINE_LIMIT} bytes in a line")
        if rest:
            yield b"".join(pending) + b"\n"
            yield from (line + b"\n" for line in rest[:-1])
            pending, pending_size = [rest[-1]], len(rest[-1])
    if pending_size:
        yield b"".join(pending)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The stream in bounded pieces, inflated when it is gzip.

    Not with ``gzip.GzipFile``: on a file that was cut short it drops what it had already
    inflated, and those are the last artifacts before the box died.
    """
    chunk = stream.read(_CHUNK)
    if not chunk.startswith(b"\x1f\x8b"):
        while chunk:
            yield chunk
            chunk = stream.read(_CHUNK)
        return
    inflater, members, fresh = zlib.decompressobj(31), 1, True
    try:
        while chunk:
            for piece in _inflated(inflater, chunk):
                fresh = fresh and not piece
                yield piece
            chunk = inflater.unused_data or stream.read(_CHUNK)
            if inflater.eof and chunk:
                inflater, members, fresh = zlib.decompressobj(31), members + 1, True
                if members > _MEMBERS_LIMIT:
                    raise Altered("a gzip file of too many members")
    except zlib.error as error:
        raise Altered(f"the compressed stream is damaged: {error}") from error
    if members > 1 and fresh and not inflater.eof:
        raise Altered("something follows the compressed stream")


def _inflated(inflater: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    yield inflater.decompress(chunk, _CHUNK)
    while inflater.unconsumed_tail:
        yield inflater.decompress(inflater.unconsumed_tail, _CHUNK)


class _Loader:
    """The state of one load: what was read so far, and the digest of it."""

    def __init__(self) -> None:
        import hashlib

        self._digest = hashlib.sha256()
        self._counts = dict.fromkeys(NAMES, 0)
        self._records: list[Any] = []
        self._footer: dict[str, Any] | None = None

    def load(self, source: Iterator[bytes]) -> Snapshot:
        first = next(source, b"")
        header = _header(first)
        self._digest.update(first)
        number = 1
        for raw in source:
            number += 1
            if self._footer is not None:
                raise Altered(f"line {number}: there is more after the footer")
            if not raw.endswith(b"\n"):
                break  # the writer was cut off in this line
            self._take(raw, number)
        return self._finish(header)

    def _take(self, raw: bytes, number: int) -> None:
        try:
            record = json.loads(raw)
            if type(record) is not dict:
                raise ValueError("not an object")
            if "footer" in record:
                self._footer = self._checked_footer(record)
                return
            item = decode_record(record)
        except (ValueError, RecursionError) as error:
            raise Altered(f"line {number}: {error}") from error
        if len(self._records) >= RECORD_LIMIT:
            raise Altered(f"larger than any snapshot: more than {RECORD_LIMIT} records")
        self._digest.update(raw)
        self._counts[record["kind"]] += 1
        self._records.append(item)

    def _checked_footer(self, record: dict[str, Any]) -> dict[str, Any]:
        footer = record["footer"]
        if record.keys() != {"footer", "sha256"} or type(footer) is not dict:
            raise ValueError("the footer has other fields than it should")
        self._digest.update(_line(footer))
        if record["sha256"] != self._digest.hexdigest():
            raise ValueError("the digest does not match: lines were changed")
        counts = footer.get("counts")
        if type(footer.get("finished_at")) is not str or type(counts) is not dict:
            raise ValueError("the footer has other fields than it should")
        # Kinds of later versions are not in the counts of an older writer: none of them is 0.
        if _nonzero(counts) != _nonzero(self._counts):
            raise ValueError("the counts do not match: lines are missing or were added")
        if self._counts["host"] != 1:
            raise ValueError("not exactly one host")
        return footer

    def _finish(self, header: dict[str, Any]) -> Snapshot:
        hosts = [r for r in self._records if isinstance(r, Host)]
        artifacts = tuple(r for r in self._records if not isinstance(r, Gap | Coverage | Host))
        snapshot = Snapshot(
            tool_version=header["tool_version"],
            root_kind=header["root_kind"],
            root_path=header["root_path"],
            started_at=header["started_at"],
            finished_at=self._footer["finished_at"] if self._footer else header["started_at"],
            host=hosts[0] if hosts else Host(),
            artifacts=artifacts,
            gaps=tuple(r for r in self._records if isinstance(r, Gap)),
            coverage=tuple(r for r in self._records if isinstance(r, Coverage)),
            complete=self._footer is not None,
        )
        return snapshot if snapshot.complete else _marked_truncated(snapshot)


def _nonzero(counts: dict[str, Any]) -> dict[str, Any]:
    return {kind: count for kind, count in counts.items() if count != 0}


def _marked_truncated(snapshot: Snapshot) -> Snapshot:
    detail = "the snapshot ends before its footer; what came after is not in this report"
    gap = Gap(Location("snapshot"), Why.TRUNCATED, detail)
    return replace(snapshot, gaps=(*snapshot.gaps, gap))


def _header(raw: bytes) -> dict[str, Any]:
    if not raw:
        raise NotASnapshot("the file is empty")
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise NotASnapshot("the first line is not a snapshot header") from error
    if type(header) is not dict or "format" not in header:
        raise NotASnapshot("the first line is not a snapshot header")
    if header["format"] != FORMAT:
        raise NotASnapshot(f"format {header['format']!r}; this version reads {FORMAT}")
    if header.keys() != _HEADER or not all(type(v) is str for v in header.values()):
        raise Altered("line 1: the header has other fields than it should")
    if header["root_kind"] not in ("live", "image"):
        raise Altered("line 1: root_kind is neither live nor image")
    return header
