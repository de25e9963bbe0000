"""Stored classes and instances as artifacts: identity, facts of the class, chosen values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from triage.model import Location
from triage.model.windows import WmiObject, WmiValue
from triage.parsers.cim.definitions import ClassDefinition, qualifiers
from triage.parsers.cim.instances import Instance
from triage.parsers.cim.repository import Repository, Stored
from triage.parsers.filetime import utc
from triage.wmi.storage import stands_alone
from triage.wmi.words import clean, sid_of, size_of, words

_KEY_MAX = 400
_VALUES_MAX = 64
_KEPT_MAX = 1 << 20
_TRAITS = frozenset({"dynamic", "provider", "abstract", "association", "singleton"})


def class_name(stored: Stored) -> str:
    """The name of a class, or of an instance's class; empty where that is not known."""
    what = stored.what
    return clean(what.name if isinstance(what, ClassDefinition) else what.layout.name)


_Names = dict[tuple[str | None, str], frozenset[str]]


class Keys:
    """The key properties of classes, looked up once for each class."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._known: _Names = {}

    def names(self, stored: Stored) -> frozenset[str]:
        """The properties with the qualifier ``key``, in the class or those above it."""
        place = stored.namespace or stored.record.state, class_name(stored)
        if place not in self._known:
            self._known[place] = frozenset(self._of(stored))
        return self._known[place]

    def _of(self, stored: Stored) -> Iterator[str]:
        for definition in self._repository.chain_of(stored):
            for one in definition.properties:
                if any(q.name.lower() == "key" for q in qualifiers(definition, one.qualifiers_at)):
                    yield one.name.lower()

    def text(self, stored: Stored) -> str:
        """The values of an instance's key properties, as in a WMI path: ``Name="x"``."""
        what = stored.what
        if not isinstance(what, Instance):
            return ""
        names = self.names(stored)
        pairs = zip(what.layout.properties, what.values, strict=False)
        shown = [
            f'{clean(one.name)}="{(words(value) or "")[:_KEY_MAX]}"'
            for one, value in pairs
            if one.name.lower() in names and value is not None
        ]
        return ",".join(shown)[:_KEY_MAX]


def traits_of(repository: Repository, stored: Stored) -> tuple[str, ...]:
    """Qualifiers of the class that say what it is; ``standalone`` where it is of no schema."""
    definition = repository.definition_of(stored)
    if definition is None:
        return ()
    present = {q.name.lower() for q in qualifiers(definition, definition.qualifiers_at)}
    alone = ("standalone",) if stands_alone(definition) else ()
    return (*sorted(present & _TRAITS), *alone)


def all_values(stored: Stored) -> tuple[WmiValue, ...]:
    """Every value of an instance that is not NULL."""
    if not isinstance(stored.what, Instance):
        return ()
    pairs = zip(stored.what.layout.properties, stored.what.values, strict=False)
    return tuple(
        WmiValue(clean(one.name), one.type, words(value), size_of(value))
        for one, value in pairs
        if value is not None
    )


def bounded(values: Sequence[WmiValue]) -> tuple[WmiValue, ...]:
    """The values that one record of a snapshot can hold: examined ones first, and a megabyte.

    A class may have thousands of values; what is left out here was examined all the same.
    """
    chosen = sorted(values, key=lambda value: value.content is None)[:_VALUES_MAX]
    left = _KEPT_MAX
    found = []
    for value in chosen:
        content = value.content
        if content is None or content.kept is None:
            found.append(value)
            continue
        kept = content.kept[: max(0, left)]
        left -= len(kept)
        found.append(replace(value, content=replace(content, kept=kept)))
    return tuple(found)


def as_object(
    repository: Repository, stored: Stored, file: Location, values: Sequence[WmiValue], keys: Keys
) -> WmiObject:
    """The artifact of a stored class or instance; ``file`` is where OBJECTS.DATA lies."""
    what, record = stored.what, stored.record
    instance = isinstance(what, Instance)
    return WmiObject(
        location=Location(file.path, f"page {record.page}, offset {record.offset}"),
        part="instance" if instance else "class",
        namespace=_cleaned(repository.namespace_name(stored.namespace)),
        class_name=class_name(stored),
        superclasses=tuple(clean(name) for name in repository.superclasses(stored)),
        key=keys.text(stored),
        state=record.state,
        modified=utc(what.modified if isinstance(what, Instance) else what.written),
        created=utc(what.created) if isinstance(what, Instance) else None,
        creator_sid=sid_of(what.value("CreatorSID")) if isinstance(what, Instance) else None,
        traits=traits_of(repository, stored),
        values=bounded(values),
    )


def _cleaned(text: str | None) -> str | None:
    return None if text is None else clean(text)
