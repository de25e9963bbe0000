"""Payloads inside something larger: behind a header, in a gap, after the end of a file."""

from __future__ import annotations

from collections.abc import Iterator

from triage.content.candidate import GUESS, PROVEN, Budget, Candidate
from triage.content.compressed import streams
from triage.content.patterns import lazy

_HITS = 12
_ATTEMPTS = 48
_PE = lazy(rb"MZ")
_OTHERS = lazy(
    rb"\x7fELF[\x01\x02][\x01\x02]\x01|#! ?/(?:usr/)?(?:local/)?s?bin/|<\?php|#@~\^|"
    rb"\xfc\xe8[\x82\x89\x8f]\x00\x00\x00|\xfc\x48\x83\xe4\xf0\xe8"
)
_STREAMS = lazy(
    rb"\x1f\x8b\x08[\x00\x08]|\xfd7zXZ\x00|BZh[1-9]1AY&SY|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18|"
    rb"\x78[\x01\x5e\x9c\xda]"
)
_ARCHIVE = b"PK\x03\x04"


def executables(data: bytes, budget: Budget, start: int = 1) -> Iterator[Candidate]:
    """Programs and scripts that begin at ``start`` or later."""
    budget.spend(len(data) * 10)
    hits = 0
    for match in _PE.finditer(data, start):
        if _leads_to_pe(data, match.start()):
            yield _from(data, match.start())
            hits += 1
            if hits >= _HITS:
                break
    for number, match in enumerate(_OTHERS.finditer(data, start)):
        if number >= _HITS:
            break
        yield _from(data, match.start())


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


_TEXT = lazy(rb"[\t\n\r -~]{40,}+")
_WIDE = lazy(rb"(?:[\t\n\r -~]\x00){20,}+")
_RUNS = 6


def texts(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """The longest readable runs in binary data, ASCII and UTF-16."""
    budget.spend(len(data) * 60)
    wide = [(m.start(), m.end(), "UTF-16 text") for m in _WIDE.finditer(data)]
    narrow = [(m.start(), m.end(), "text") for m in _TEXT.finditer(data)]
    for start, end, what in sorted(wide + narrow, key=lambda one: (one[0] - one[1], one[0]))[
        :_RUNS
    ]:
        run = data[start:end]
        text = run[::2] if what == "UTF-16 text" else run
        if start or end < len(data):
            yield Candidate(text, "", f"{what} inside", start, end, GUESS)
