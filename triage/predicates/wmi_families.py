"""Known families and tools in the repository: by name, by place, by what their objects hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from triage.knowledge import table
from triage.model.windows import WmiObject, WmiSubscription
from triage.predicates.payloads import hidden
from triage.predicates.wmi_consumers import contents, texts_of
from triage.records import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """A family that something points to; ``certain`` when name and content do."""

    what: str
    source: str
    name: str
    certain: bool


@dataclass(frozen=True, slots=True)
class _Row:
    where: str
    pattern: re.Pattern[str]
    namespace: re.Pattern[str] | None
    content: re.Pattern[str] | None
    what: str
    source: str


def _expression(row: dict[str, str], name: str) -> re.Pattern[str] | None:
    return re.compile(row[name]) if name in row else None


@cache
def _rows() -> tuple[_Row, ...]:
    return tuple(
        _Row(
            row["in"],
            re.compile(row["pattern"]),
            _expression(row, "namespace"),
            _expression(row, "content"),
            row["what"],
            row["source"],
        )
        for row in table("wmi")["families"]
    )


def families_of(item: WmiObject | WmiSubscription) -> Iterator[Family]:
    """The families whose names an object or the parts of a subscription bear."""
    names, where = _names(item)
    for row in _rows():
        name = next((n for n in names if row.pattern.fullmatch(n.lower())), None)
        if row.where != where or name is None:
            continue
        if row.namespace is None or row.namespace.fullmatch((item.namespace or "").lower()):
            yield Family(row.what, row.source, name, _holds(item, row.content))


def _names(item: WmiObject | WmiSubscription) -> tuple[Sequence[str], str]:
    if isinstance(item, WmiObject):
        return (item.class_name,), "class"
    parts = [part for part in (item.filter, item.consumer) if part is not None]
    return [name for part in parts if (name := part.text("Name")) is not None], "subscription"


def _holds(item: WmiObject | WmiSubscription, content: re.Pattern[str] | None) -> bool:
    """Whether what an object holds is the family's; a hidden payload where nothing is known."""
    parts = [item] if isinstance(item, WmiObject) else [item.consumer, item.filter]
    known = [part for part in parts if part is not None]
    if content is not None:
        return any(content.search(text) for part in known for text in texts_of(part))
    if any(part.joined is not None for part in known):
        return True
    return any(hidden(found) is not None for part in known for _, found in contents(part))


def behaviours_of(item: WmiSubscription) -> Iterator[Family]:
    """Families that wait and run like this, whatever they call it."""
    query = None if item.filter is None else item.filter.text("Query")
    if query is None or item.consumer is None:
        return
    texts = list(texts_of(item.consumer))
    for row in table("wmi")["behaviours"]:
        if re.search(row["query"], query) and any(re.search(row["content"], t) for t in texts):
            yield Family(row["what"], row["source"], "", False)
