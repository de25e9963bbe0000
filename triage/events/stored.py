"""Data in events that no event of its kind has reason to hold: programs, shellcode, encoded text.

A record of any provider can carry bytes (``Binary``, or a field of type binary, which the reader
writes in hexadecimal) and texts of up to 32 thousand characters. The cheap tests come first: what
is short, or made of words, hides nothing. Pieces over successive records of a source are set aside.

Measured on clean systems (242,884 events): the longest ``Binary`` of a classic event has 398 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from triage.content.carriers import carries
from triage.content.identify import identify
from triage.content.kinds import family
from triage.content.reassemble import Part
from triage.events.facts import Fact, ordered
from triage.events.fields import Fields, texts
from triage.events.watch import Watch
from triage.knowledge import table
from triage.model import Content

#: Characters below which a text is no store; bytes from which a classic event's data is odd.
LEAST, BINARY = 96, 1024
_PIECE, _PARTS_MAX, _PARTS_SIZE_MAX, _SEEN_MAX = 64, 4096, 8 << 20, 20_000
_RUN = 100
_HEX = re.compile(r"[0-9A-Fa-f]+")
_SPACED = re.compile(
    r"(?:0x|\\x)?[0-9A-Fa-f]{1,3}(?:[\s,;-]+(?:0x|\\x)?[0-9A-Fa-f]{1,3}){30,}[\s,;]*"
)
_NAMES = re.compile(r"\\|/|^[{(<]|:\\|%%|S-1-5|\.dll|\.exe|://")
_TELLING = frozenset({"executable", "script", "bytecode", "archive", "compressed", "encrypted"})


@dataclass(slots=True)
class Source:
    """One kind of event of one provider: how large its events are, and pieces it may have left."""

    provider: str | None
    event_id: int | None
    channel: str | None
    count: int = 0
    size: int = 0
    pieces: dict[str, list[Part]] = field(default_factory=dict)
    held: int = 0
    seen: set[str] = field(default_factory=set)

    def usual(self) -> float:
        """Characters of an event on average."""
        return self.size / self.count if self.count else 0.0


def stored_fact(source: Source, record: int, data: Fields, watch: Watch) -> Fact | None:
    """The fact of a value that holds something; pieces of something larger are set aside."""
    for name, value in texts(data):
        if len(value) < LEAST or not _worth(source, name, value):
            continue
        found = _look(source, record, name, value, watch)
        if found is not None:
            return found
    return None


def _worth(source: Source, name: str, value: str) -> bool:
    """Whether a text could be a store: not seen before, and not made of words or names."""
    if value in source.seen:
        return False
    if len(source.seen) < _SEEN_MAX:
        source.seen.add(value)
    return is_dense(value)


def is_dense(value: str) -> bool:
    """Whether a text has a long run without a blank that is no path, or is a list of numbers."""
    if not value.isascii():
        letters = sum(1 for c in value[:2000] if c.isalpha() or c.isspace())
        strange = sum(1 for c in value[:2000] if not c.isprintable() and c not in "\r\n\t")
        if strange * 20 > len(value[:2000]) or letters * 2 < len(value[:2000]):
            return True
    longest = max(map(len, value.split()), default=0)
    if longest >= _RUN:
        return True
    return _SPACED.match(value) is not None


def _bytes_of(value: str) -> tuple[bytes, bool]:
    """The bytes of a value, and whether it was written in hexadecimal throughout."""
    if len(value) % 2 == 0 and _HEX.fullmatch(value):
        return bytes.fromhex(value), True
    return value.encode("utf-8", "surrogatepass"), False


def _look(source: Source, record: int, name: str, value: str, watch: Watch) -> Fact | None:
    data, binary = _bytes_of(value)
    if binary or carries(data):
        _set_aside(source, record, name, data)
    elif not _odd(data):
        return None
    content = watch.look(data)
    if content is None:
        return None
    known = known_data(source.provider, source.event_id, name)
    found = content_traits(content, binary, len(data))
    if known is not None:
        found = tuple(trait for trait in found if trait in ("payload", "script"))
    if not found:
        return None
    shown = (("field", name), ("data", value[:400]))
    return Fact(
        "stored-data", shown, ordered(found), ("field", "data"), contents=(("data", content),)
    )


def _odd(data: bytes) -> bool:
    return family(identify(data).kind) not in ("text", "plain", "settings")


def content_traits(content: Content, binary: bool, size: int) -> tuple[str, ...]:
    """What is told of a content: a payload, a script, encoded or random data, or only its size."""
    from triage.content.examine import payload

    found = set()
    layer = payload(content)
    if layer is not None:
        runs = family(layer.kind) in ("executable", "bytecode") or layer.kind == "shellcode"
        found.add("payload" if runs or len(content.layers) > 1 else "script")
    elif family(content.kind) in _TELLING or content.kind == "random":
        if size >= 256:
            found.add("packed")
    elif family(content.kind) == "encoded" and size >= 400:
        found.add("encoded")
    if binary and size >= BINARY:
        found.add("large")
    return tuple(sorted(found))


def known_data(provider: str | None, event_id: int | None, name: str) -> str | None:
    """What a provider is known to write into a field, ``None`` where nothing is known."""
    own = (provider or "").lower()
    for row in table("event_data")["fields"]:
        event_fits = not row["events"] or event_id in row["events"]
        name_fits = not row["names"] or name in row["names"]
        if own == row["provider"].lower() and event_fits and name_fits:
            return str(row["what"])
    return None


def _set_aside(source: Source, record: int, name: str, data: bytes) -> None:
    if len(data) < _PIECE or source.held + len(data) > _PARTS_SIZE_MAX:
        return
    parts = source.pieces.setdefault(name, [])
    if len(parts) < _PARTS_MAX:
        parts.append((f"{record:020d}", data))
        source.held += len(data)


def pieces(sources: list[Source]) -> Iterator[tuple[Source, str, list[Part]]]:
    """Fields of which several records hold something that could be a piece."""
    for source in sources:
        for name, parts in source.pieces.items():
            if len(parts) >= 2:
                yield source, name, parts
