"""Payloads inside something larger: behind a header, in a gap, after the end of a file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from triage.content.candidate import GUESS, PROVEN, Budget, Candidate
from triage.content.compressed import streams
from triage.content.measure import PRINTABLE
from triage.content.patterns import lazy
from triage.content.runs import marks, spans, wide_spans

_HITS, _PLACES = 12, 20_000
_ATTEMPTS = 48
#: The first bytes of what may begin anywhere, and what must be there in full.
_OTHERS = (
    (b"\x7fELF", lazy(rb"\x7fELF[\x01\x02][\x01\x02]\x01")),
    (b"#!", lazy(rb"#! ?/(?:usr/)?(?:local/)?s?bin/")),
    (b"<?php", lazy(rb"<\?php")),
    (b"#@~^", lazy(rb"#@~\^")),
    (b"\xfc\xe8", lazy(rb"\xfc\xe8[\x82\x89\x8f]\x00\x00\x00")),
    (b"\xfc\x48\x83\xe4", lazy(rb"\xfc\x48\x83\xe4\xf0\xe8")),
)
_STREAMS = lazy(
    rb"\x1f\x8b\x08[\x00\x08]|\xfd7zXZ\x00|BZh[1-9]1AY&SY|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18|"
    rb"\x78[\x01\x5e\x9c\xda]"
)
_ARCHIVE = b"PK\x03\x04"


def executables(data: bytes, budget: Budget, start: int = 1) -> Iterator[Candidate]:
    """Programs and scripts that begin at ``start`` or later."""
    budget.spend(len(data) * 5)
    programs = (at for at in _places(data, b"MZ", start) if _leads_to_pe(data, at))
    for at in islice(programs, _HITS):
        yield _from(data, at)
    others = {
        at
        for first, whole in _OTHERS
        for at in islice((at for at in _places(data, first, start) if whole.match(data, at)), _HITS)
    }
    for at in sorted(others)[:_HITS]:
        yield _from(data, at)


def _places(data: bytes, what: bytes, start: int) -> Iterator[int]:
    """The first places of some bytes; what repeats them thousands of times carries none."""
    at = data.find(what, start)
    for _ in range(_PLACES):
        if at < 0:
            return
        yield at
        at = data.find(what, at + 1)


def _from(data: bytes, at: int) -> Candidate:
    return Candidate(data[at:], "", "embedded", at, len(data), GUESS)


def _leads_to_pe(data: bytes, at: int) -> bool:
    place = int.from_bytes(data[at + 60 : at + 64], "little")
    return 4 <= place < 1 << 16 and data[at + place : at + place + 4] == b"PE\0\0"


def compressed(data: bytes, budget: Budget, start: int = 1) -> Iterator[Candidate]:
    """Compressed streams and zip archives that begin at ``start`` or later."""
    budget.spend(len(data) * 10)
    end = start
    for number, match in enumerate(_STREAMS.finditer(data, start)):
        if number >= _ATTEMPTS:
            break
        if match.start() < end:
            continue  # inside a stream that was already decoded
        for found in streams(data, budget, match.start()):
            if found.need == PROVEN and len(found.data) >= 16:
                end = found.end or end
                yield found
    at = data.find(_ARCHIVE, start)
    if at >= 0 and data[at + 4 : at + 6] in (b"\x14\0", b"\x0a\0", b"\x2d\0", b"\x33\0"):
        yield _from(data, at)


def overlay(data: bytes, length: int | None, budget: Budget) -> Iterator[Candidate]:
    """What follows the end of the structure, when its headers say where that is."""
    if length is None or not 0 < length <= len(data) - 16:
        return
    budget.spend(len(data) - length)
    rest = data[length:]
    if rest.strip(b"\0"):
        yield Candidate(rest, "", "overlay", length, len(data), GUESS)


_TEXT = marks(PRINTABLE)
_LEAST_TEXT, _LEAST_WIDE, _RUNS = 40, 20, 6


def texts(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """The longest readable runs in binary data, ASCII and UTF-16."""
    budget.spend(len(data) * 6)
    wide = [(start, end, "UTF-16 text") for start, end in wide_spans(data, _TEXT, _LEAST_WIDE)]
    narrow = [(start, end, "text") for start, end in spans(data, _TEXT, _LEAST_TEXT)]
    for start, end, what in sorted(wide + narrow, key=lambda one: (one[0] - one[1], one[0]))[
        :_RUNS
    ]:
        run = data[start:end]
        text = run[::2] if what == "UTF-16 text" else run
        if start or end < len(data):
            yield Candidate(text, "", f"{what} inside", start, end, GUESS)
