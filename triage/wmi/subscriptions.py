"""Permanent event subscriptions: filters, consumers and bindings joined, in every namespace.

A binding names its filter and its consumer by path. What was deleted is joined too: a live binding
to a deleted consumer is half a chain, and so is a consumer that nothing binds.

Source: Microsoft, "Receiving Events at All Times" (permanent event subscriptions).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from triage.model import Location
from triage.model.windows import WmiObject, WmiSubscription, WmiValue
from triage.parsers.cim.instances import Instance
from triage.parsers.cim.repository import Repository, Stored
from triage.records import dataclass
from triage.wmi.looking import Looker
from triage.wmi.objects import Keys, all_values, as_object, class_name
from triage.wmi.words import contents_of

FILTER, CONSUMER, BINDING = "__eventfilter", "__eventconsumer", "__filtertoconsumerbinding"
_MAX = 2000  # subscriptions of one repository; a fleet manager's client has some tens
STANDARD = frozenset(
    {
        "activescripteventconsumer",
        "commandlineeventconsumer",
        "logfileeventconsumer",
        "nteventlogeventconsumer",
        "smtpeventconsumer",
    }
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_CLASS = re.compile(r"(?:.*[:\\/])?(\w+)")


@dataclasses.dataclass(slots=True)
class Parts:
    """The stored parts of subscriptions of one repository, as they were found."""

    filters: list[Stored] = field(default_factory=list)
    consumers: list[Stored] = field(default_factory=list)
    bindings: list[Stored] = field(default_factory=list)

    def take(self, repository: Repository, stored: Stored) -> bool:
        """Whether an object is part of a subscription; it is kept then."""
        if not isinstance(stored.what, Instance):
            return False
        kind = kind_of(repository, stored)
        if kind is None:
            return False
        where = {FILTER: self.filters, CONSUMER: self.consumers, BINDING: self.bindings}[kind]
        if len(where) < _MAX:
            where.append(stored)
        return True


def kind_of(repository: Repository, stored: Stored) -> str | None:
    """Which part of a subscription an instance is, by its class and what that inherits from."""
    name = class_name(stored).lower()
    if name in STANDARD:
        return CONSUMER
    if name in (FILTER, BINDING):
        return name
    # Most classes are none of these, and asking for superclasses costs.
    above = {one.lower() for one in repository.superclasses(stored)}
    return next((kind for kind in (FILTER, CONSUMER, BINDING) if kind in above), None)


@dataclass(frozen=True, slots=True)
class Reference:
    """A path to an object: its class and the quoted values of its key, in lower case."""

    class_name: str
    key: tuple[str, ...]


def parse_reference(path: str) -> Reference:
    """``\\\\.\\root\\subscription:Class.Name="x"`` as class and key; empty where it has none."""
    front = path.partition('"')[0].rpartition(".")
    head = front[0] or front[2]
    match = _CLASS.match(head if front[1] else path)
    name = match.group(1).lower() if match else ""
    values = tuple(re.sub(r"\\(.)", r"\1", v).lower() for v in _QUOTED.findall(path))
    return Reference(name, values)


def subscriptions(
    repository: Repository, parts: Parts, file: Location, looker: Looker
) -> Iterator[WmiSubscription]:
    """Every chain: bound ones, then what is left over."""

    def as_part(one: Stored) -> WmiObject:
        return _as_part(repository, one, file, looker, keys)

    keys = Keys(repository)
    filters = [_Part(one, as_part(one)) for one in parts.filters]
    consumers = [_Part(one, as_part(one)) for one in parts.consumers]
    used: set[int] = set()
    for stored in parts.bindings:
        binding = as_part(stored)
        trigger = _named(stored, "Filter", filters)
        consumer = _named(stored, "Consumer", consumers)
        used |= {id(part) for part in (trigger, consumer) if part is not None}
        yield _joined(trigger, consumer, binding)
    for part in consumers:
        if id(part) not in used:
            yield _joined(None, part, None)
    for part in filters:
        if id(part) not in used:
            yield _joined(part, None, None)


@dataclasses.dataclass(slots=True)
class _Part:
    stored: Stored
    artifact: WmiObject


def _joined(
    trigger: _Part | None, consumer: _Part | None, binding: WmiObject | None
) -> WmiSubscription:
    ends = [part.artifact for part in (consumer, trigger) if part is not None]
    known = ends if binding is None else [binding, *ends]
    deciding = known[0]
    return WmiSubscription(
        location=(consumer.artifact if consumer else deciding).location,
        namespace=next((p.namespace for p in known if p.namespace is not None), None),
        state=deciding.state,
        filter=None if trigger is None else trigger.artifact,
        consumer=None if consumer is None else consumer.artifact,
        binding=binding,
    )


def _named(binding: Stored, end: str, parts: Sequence[_Part]) -> _Part | None:
    """The part that one end of a binding names: of the same namespace and live, if there is one."""
    path = binding.what.value(end) if isinstance(binding.what, Instance) else None
    if not isinstance(path, str):
        return None
    wanted = parse_reference(path)
    found = [part for part in parts if _matches(part.stored, wanted)]
    return min(
        found,
        key=lambda part: (
            part.stored.namespace != binding.namespace,
            part.stored.record.state != "live",
        ),
        default=None,
    )


def _matches(stored: Stored, wanted: Reference) -> bool:
    if class_name(stored).lower() != wanted.class_name or not isinstance(stored.what, Instance):
        return False
    texts = {value.lower() for value in stored.what.values if isinstance(value, str)}
    return bool(wanted.key) and texts.issuperset(wanted.key)


# --- the contents of a part -------------------------------------------------------------


def _as_part(
    repository: Repository, stored: Stored, file: Location, looker: Looker, keys: Keys
) -> WmiObject:
    looker.next_object()
    values = tuple(_examined(value, stored, looker) for value in all_values(stored))
    return as_object(repository, stored, file, values, keys)


EXAMINED = frozenset({"scripttext", "commandlinetemplate", "executablepath", "text", "message"})


def _examined(value: WmiValue, stored: Stored, looker: Looker) -> WmiValue:
    """The value with its content, where it is one that the consumer runs or writes."""
    assert isinstance(stored.what, Instance)
    raw = stored.what.value(value.name)
    long = isinstance(raw, str | tuple) and value.size >= 200
    if value.name.lower() not in EXAMINED and not long:
        return value
    data = b"\n".join(contents_of(raw, value.type))
    return replace(value, content=looker.look(data))
