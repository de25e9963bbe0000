"""Data in events that no event of its kind has reason to hold: programs, shellcode, encoded text.

A record of any provider can carry bytes (``Binary``, or a field of type binary, which the reader
writes in hexadecimal) and texts of up to 32 thousand characters. The cheap tests come first: what
is short, or made of words, hides nothing. A field gets thorough looks until its habit is known;
what is like the others then gets a look at its first bytes. Pieces over records are set aside.

Measured on clean systems (242,884 events): the longest ``Binary`` of a classic event has 398 bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from triage.content.carriers import carries
from triage.content.examine import glance, payload
from triage.content.headers import begins_well
from triage.content.identify import identify
from triage.content.kinds import family
from triage.content.reassemble import Part
from triage.events.dense import (
    LEAST,
    SHORT_MARK,
    bytes_of,
    head_of,
    is_code_like,
    is_dense,
    is_ordinary_binary,
    is_piece,
    is_strange,
    marked_piece,
)
from triage.events.facts import Fact, ordered
from triage.events.fields import Fields
from triage.events.scripts import script_traits, severity_of
from triage.events.watch import Watch
from triage.knowledge import table
from triage.model import Content

__all__ = ["EMPTY_LOGS", "LEAST", "Source", "content_traits", "known_data", "pieces", "stored_fact"]

#: Bytes from which a classic event's data is odd; the least that a payload takes.
BINARY, _PAYLOAD_LEAST = 1024, 190
#: Of providers that are not Microsoft's texts from here on may be pieces, if there are as many.
SHORT, _SHORT_PARTS = 40, 8
_BRIEF, _WITH_MARK = " (short)", " (marked)"
#: Different characters in a piece; records of numbers have fewer.
_VARIED = 13
_GUID = re.compile(r"\{?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-")
_OWN = (
    "microsoft-",
    "windows ",
    "service control manager",
    "eventlog",
    "msiinstaller",
    "vss",
    "esent",
)
_PARTS_MAX, _PARTS_SIZE_MAX, _SEEN_MAX = 4096, 8 << 20, 20_000
#: What a value is called whose name is not known.
UNNAMED = "a value without its name"
#: What a name is called that holds what values hold.
OF_NAME = "the name of a value"
#: Logs that exist everywhere and hold next to nothing.
EMPTY_LOGS = frozenset(
    {"key management service", "hardwareevents", "internet explorer", "media center"}
)
#: Thorough looks at one field before its habit is known.
_HABIT = 6
#: Objects with which a script starts programs or fetches them.
_SHELLS = re.compile(
    r"(?i)\bwscript\.shell\b|\bshell\.application\b|\b(?:server)?xmlhttp\b|\bwinhttprequest\b|"
    r"\badodb\.stream\b|\bschedule\.service\b|\bscriptcontrol\b|\bwin32_process\b"
)
_TELLING = frozenset({"executable", "script", "bytecode", "archive", "compressed", "encrypted"})


@dataclass(slots=True)
class Source:
    """One kind of event of one provider: what its fields are like, and pieces it may have left."""

    provider: str | None
    event_id: int | None
    channel: str | None
    pieces: dict[str, list[Part]] = field(default_factory=dict)
    held: int = 0
    seen: set[str] = field(default_factory=set)
    dull: set[str] = field(default_factory=set)
    least: int = LEAST
    #: By field: how often it was looked at thoroughly, and the largest value then.
    habits: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own = self.provider is None or self.provider.lower().startswith(_OWN)
        self.least = LEAST if own else SHORT

    @property
    def is_foreign(self) -> bool:
        """Whether the provider is none of Microsoft's."""
        return self.least < LEAST

    def is_usual(self, name: str, size: int) -> bool:
        """Whether a value is like those that the field had before; notes it where it is not."""
        count, largest = self.habits.get(name, (0, 0))
        if count >= _HABIT and size <= 2 * largest:
            return True
        self.habits[name] = (count + 1, max(largest, size))
        return False


def stored_fact(
    source: Source, record: int, found: Sequence[tuple[str, str]], watch: Watch
) -> Fact | None:
    """The fact of a long text that holds something; pieces of something larger are set aside."""
    for name, value in found:
        if len(value) < LEAST:
            brief = _short_piece(value)
            if brief is not None:
                numbers, run = brief
                own = name + (_WITH_MARK if run != value else "") + _BRIEF
                _set_aside(source, record, own, run.encode("ascii"), numbers)
        elif _worth(source, value):
            fact = _look(source, record, name, value, watch)
            if fact is not None:
                return fact
    return None


def may_hold(source: Source, text: str, at: int) -> bool:
    """Whether a part of a record's JSON, from ``at`` on, may hold a store.

    Between two quotes of JSON stands a whole text, unless a quote in it is escaped. From one quote
    to the last one that so many characters hold is a step of this search: it looks at few of them,
    takes less than parsing, and misses nothing.
    """
    # A backslash is looked for alone: of one sign that is rare, a look takes next to nothing.
    if text.find("\\", at) >= 0 and text.find('\\"', at) >= 0:
        return True
    least = source.least
    last = len(text) - least
    while at <= last:
        quote = text.rfind('"', at, at + least)
        if quote < 0:
            quote = text.find('"', at + least)
            if quote < 0 or _may_be_worth(source, text[at:quote]):
                return True
        at = quote + 1
    return False


def _may_be_worth(source: Source, raw: str) -> bool:
    """Whether a text as it is written in JSON could be a store; what cannot is remembered."""
    if raw in source.dull:
        return False
    value = raw
    if "\\" in raw:
        try:
            value = json.loads(f'"{raw}"', strict=False)
        except ValueError:
            return True
    if value not in source.seen and (is_dense(value) or is_code_like(value) or _short_piece(value)):
        return True
    if len(source.dull) < _SEEN_MAX:
        source.dull.add(raw)
    return False


def long_texts(data: Fields, least: int = LEAST) -> list[tuple[str, str]]:
    """(name, text) of the texts that are long enough to be a store, wherever they are nested."""
    found = []
    waiting: list[tuple[str, Any]] = [("", data)]
    while waiting:
        name, node = waiting.pop()
        if node.__class__ is dict:
            for key, value in node.items():
                kind = value.__class__
                if len(key) >= LEAST:
                    found.append((OF_NAME, key))
                if kind is str:
                    if len(value) >= least:
                        found.append((name if key[:1] == "#" else key, value))
                elif kind is dict or kind is list:
                    waiting.append((name if key[:1] == "#" else key, value))
        else:
            for value in node:
                kind = value.__class__
                if kind is str:
                    if len(value) >= least:
                        found.append((name, value))
                elif kind is dict or kind is list:
                    waiting.append((name, value))
    return found


def _short_piece(value: str) -> tuple[tuple[int, ...], str] | None:
    """The encoded run of a text that is too short for a store, and the numbers of a mark beside it:
    many may be one.
    """
    if not SHORT <= len(value) < LEAST or _GUID.search(value) is not None:
        return None
    return marked_piece(value, SHORT_MARK)


def _worth(source: Source, value: str) -> bool:
    """Whether a text could be a store: not seen before, and not made of words or names."""
    if value in source.seen:
        return False
    if len(source.seen) < _SEEN_MAX:
        source.seen.add(value)
    return is_dense(value) or is_code_like(value)


def _look(source: Source, record: int, name: str, value: str, watch: Watch) -> Fact | None:
    data, binary = bytes_of(value)
    known = known_data(source.provider, source.event_id, name) is not None
    piece = not is_ordinary_binary(data) if binary else is_piece(value)
    marked = None if piece or binary or known else marked_piece(value)
    if piece and not (known and name == UNNAMED):
        _set_aside(source, record, name, data)
    elif marked is not None:
        _set_aside(source, record, name + _WITH_MARK, marked[1].encode("ascii"), marked[0])
    telling = begins_well(head_of(data, binary), len(data))
    telling = telling or (marked is not None and _run_begins_well(marked[1]))
    content = _examined(source, name, value, data, binary, telling, watch)
    if content is None:
        return None
    found = content_traits(content, binary, len(data))
    if known:
        found = tuple(trait for trait in found if trait in ("payload", "script"))
    if not found:
        return None
    if "script" in found and _is_plain(value):
        found = (*found, "plain")
    shown = (("field", name), ("data", value[:400]))
    contents = (("data", content),)
    return Fact("stored-data", shown, ordered(found), ("field",), contents=contents)


def _run_begins_well(run: str) -> bool:
    data, binary = bytes_of(run)
    return begins_well(head_of(data, binary), len(data))


def _is_plain(script: str) -> bool:
    """Whether a script that stands there as it is does what scripts do every day: agents log the
    commands that they run, and servers the pages that failed.
    """
    return severity_of(frozenset(script_traits(script))) is None and not _SHELLS.search(script)


def _examined(
    source: Source, name: str, value: str, data: bytes, binary: bool, telling: bool, watch: Watch
) -> Content | None:
    """A thorough look, or one at the first bytes where more cannot pay."""
    if binary and not telling and is_ordinary_binary(data):
        return None
    habit = f"{name} {binary or is_piece(value)}"
    small = len(data) < _PAYLOAD_LEAST and (binary or not is_code_like(value))
    if not telling and (small or source.is_usual(habit, len(data))):
        return glance(data) if binary and len(data) >= BINARY else None
    plain = not binary and not is_strange(value)
    if plain and not carries(data) and family(identify(data).kind) in ("text", "plain"):
        return None
    return watch.look(data)


def content_traits(content: Content, binary: bool, size: int) -> tuple[str, ...]:
    """What is told of a content: a payload, a script, encoded or random data, or only its size."""
    found = set()
    layer = payload(content)
    kind = (
        content.kind
        if layer is None and not content.layers
        else ""
        if layer is None
        else layer.kind
    )
    # A program that says what it is was not unwrapped: the whole is its own payload.
    if family(kind) in ("executable", "bytecode") or kind == "shellcode":
        found.add("payload")
    elif family(kind) == "script" or layer is not None:
        found.add("payload" if len(content.layers) > 1 else "script")
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
        name_fits = not row["names"] or name in row["names"] or name == UNNAMED
        if own == row["provider"].lower() and event_fits and name_fits:
            return str(row["what"])
    return None


def _set_aside(
    source: Source, record: int, name: str, data: bytes, numbers: tuple[int, ...] = ()
) -> None:
    if len(data) < SHORT or source.held + len(data) > _PARTS_SIZE_MAX:
        return
    parts = source.pieces.setdefault(name, [])
    if len(parts) < _PARTS_MAX:
        parts.append((" ".join((f"{record:020d}", *map(str, numbers))), data))
        source.held += len(data)


def pieces(sources: list[Source]) -> Iterator[tuple[Source, str, list[Part]]]:
    """Fields of which several records hold something that could be a piece."""
    for source in sources:
        for name, parts in source.pieces.items():
            if len(parts) >= 2 and (not name.endswith(_BRIEF) or _tells(parts)):
                yield source, name, _in_their_order(parts) if _WITH_MARK in name else parts


def _in_their_order(parts: list[Part]) -> list[Part]:
    """By the first number of their marks that is another in each; named by their records again."""
    split = [(name.split(" "), data) for name, data in parts]
    for at in range(1, min(len(names) for names, _ in split)):
        numbers = [int(names[at]) for names, _ in split]
        if len(set(numbers)) == len(numbers):
            ranked = sorted(zip(numbers, split, strict=True), key=itemgetter(0))
            return [(f"{number:020d} {names[0]}", data) for number, (names, data) in ranked]
    return [(names[0], data) for names, data in split]


def _tells(parts: list[Part]) -> bool:
    """Whether many short pieces differ as those of a payload do, and not as records of numbers."""
    different = {data for _, data in parts}
    varied = sum(1 for data in different if len(set(data)) >= _VARIED)
    return len(different) >= _SHORT_PARTS and varied * 2 >= len(different)
