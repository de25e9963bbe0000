"""Facts of one log that say the same, told once: how often, when, which records, what differed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from triage.events.facts import Fact
from triage.events.fields import System
from triage.model import Content, Location
from triage.model.windows import EventField, EventRecord

GROUPS_MAX = 3000
_RECORDS_MAX, _DIFFERENT_MAX, _SHORT, _COMPARED = 32, 8, 1000, 4000
_CHANGING = re.compile(r"\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?|\d+")

_Key = tuple[object, ...]


@dataclass(slots=True)
class Group:
    """Events that say the same, under way."""

    fact: Fact
    system: System
    record: int
    count: int = 0
    first: str | None = None
    last: str | None = None
    records: list[int] = field(default_factory=list)
    processes: dict[str, None] = field(default_factory=dict)
    parents: dict[str, None] = field(default_factory=dict)
    different: dict[str, dict[str, None]] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    joined: Content | None = None

    def take(self, fact: Fact, system: System, record: int) -> None:
        """One event more."""
        self.count += 1
        if len(self.records) < _RECORDS_MAX:
            self.records.append(record)
        if system.time is not None:
            self.first = min(self.first or system.time, system.time)
            self.last = max(self.last or system.time, system.time)
        for names, into in ((fact.processes, self.processes), (fact.parents, self.parents)):
            for name in names:
                if len(into) < _RECORDS_MAX:
                    into[name] = None
        for name, text in fact.fields:
            seen = self.different.setdefault(name, {})
            if len(seen) < (_DIFFERENT_MAX if len(text) <= _SHORT else 1) or not seen:
                seen[text] = None


@dataclass(slots=True)
class Gathered:
    """The groups of one log, in the order in which they began."""

    path: str
    groups: dict[_Key, Group] = field(default_factory=dict)
    refused: int = 0

    def add(self, fact: Fact, system: System, record: int) -> Group | None:
        """Put a fact to those that say the same; ``None`` when there is no room for one more."""
        key = _key(fact, system)
        group = self.groups.get(key)
        if group is None:
            if len(self.groups) >= GROUPS_MAX:
                self.refused += 1
                return None
            group = self.groups[key] = Group(fact, system, record)
        group.take(fact, system, record)
        return group

    def records(self) -> Iterator[EventRecord]:
        for group in self.groups.values():
            yield _record(self.path, group)


def _key(fact: Fact, system: System) -> _Key:
    own = tuple(
        _CHANGING.sub("#", text[:_COMPARED].lower())
        for name, text in fact.fields
        if name in fact.same
    )
    contents = tuple(content.sha256 for _, content in fact.contents)
    return (fact.act, fact.traits, system.provider, system.event_id, own, contents, fact.exact)


def _record(path: str, group: Group) -> EventRecord:
    system, fact = group.system, group.fact
    return EventRecord(
        location=Location(path, f"record {group.record}"),
        act=fact.act,
        provider=system.provider,
        event_id=system.event_id,
        channel=system.channel,
        computer=system.computer,
        user=fact.user or system.user,
        count=group.count,
        records=tuple(group.records),
        first=group.first,
        last=group.last,
        traits=fact.traits,
        processes=tuple(group.processes),
        parents=tuple(group.parents),
        fields=tuple(_fields(group)),
        parts=group.parts,
        joined=group.joined,
    )


def _fields(group: Group) -> Iterator[EventField]:
    contents = dict(group.fact.contents)
    for name, seen in group.different.items():
        for number, text in enumerate(seen):
            content = contents.get(name) if number == 0 else None
            yield EventField(name, text, len(text) if content is None else content.size, content)
