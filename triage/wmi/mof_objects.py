"""The objects of a MOF file as the artifacts that a repository's objects are.

They are judged by the same predicates; their state is ``mof``: written in a file, to be compiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from triage.model import Location
from triage.model.windows import WmiObject, WmiSubscription, WmiValue
from triage.parsers.cim.mof import Alias, MofFile, MofObject, MofProperty, MofValue
from triage.parsers.cim.values import Value
from triage.records import dataclass
from triage.wmi.looking import Looker, dense_runs
from triage.wmi.objects import bounded
from triage.wmi.storage import LONG_DEFAULT, LONG_VALUE, OF_A_SCHEMA, STANDALONE, Held, notable
from triage.wmi.subscriptions import (
    BINDING,
    CONSUMER,
    EXAMINED,
    FILTER,
    STANDARD,
    Reference,
    parse_reference,
)
from triage.wmi.words import clean, contents_of, sid_of, size_of, words

STATE = "mof"
_MAX = 2000
_NAMESPACE_PREFIX = "\\\\.\\"


@dataclass(frozen=True, slots=True)
class Source:
    """The file: where it lies, when it was changed, and what makes WMI compile it."""

    file: Location
    modified: str | None
    traits: tuple[str, ...]


_Known: TypeAlias = "dict[str, MofObject]"


def found_in(mof: MofFile, source: Source, looker: Looker) -> Iterator[WmiObject | WmiSubscription]:
    """Subscriptions first, then what else in the file holds something."""
    classes = {one.name.lower(): one for one in mof.objects if one.part == "class"}
    parts: dict[str, list[MofObject]] = {FILTER: [], CONSUMER: [], BINDING: []}
    rest: list[MofObject] = []
    for one in mof.objects:
        kind = _kind(one, classes) if one.part == "instance" else None
        (rest if kind is None else parts[kind]).append(one)
    yield from _subscriptions(parts, source, looker)
    for one in rest[:_MAX]:
        yield from _stored(one, source, looker)
    yield from _leftover(mof, source, looker)


def _kind(one: MofObject, classes: _Known) -> str | None:
    """Which part of a subscription an instance is; by the classes of the same file, too."""
    name = one.name.lower()
    for _ in range(8):
        if name in (FILTER, BINDING):
            return name
        if name in STANDARD or name == CONSUMER:
            return CONSUMER
        above = classes.get(name)
        if above is None or not above.superclass:
            break
        name = above.superclass.lower()
    # A consumer of a class that another file declares is told by its name, as is the custom.
    return CONSUMER if one.name.lower().endswith("eventconsumer") else None


# --- values ---------------------------------------------------------------------------------


def _plain(value: MofValue) -> Value:
    """A value as the repository would hold it; embedded objects as their texts."""
    if isinstance(value, Alias):
        return value.name
    if isinstance(value, MofObject):
        return tuple(_plain(one.value) for one in value.values)
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    return value


def _typed(one: MofProperty) -> str:
    if one.type or not isinstance(one.value, tuple):
        return one.type or "string"
    numbers = [item for item in one.value if isinstance(item, int)]
    if not numbers or len(numbers) < len(one.value):
        return "string[]"
    if all(0 <= item < 256 for item in numbers):
        return "uint8[]"
    return "uint32[]" if all(0 <= item < 1 << 32 for item in numbers) else "string[]"


def _held(one: MofProperty) -> tuple[Value, str]:
    """A value as the repository would hold it, and its type."""
    value, kind = _plain(one.value), _typed(one)
    return (_bytes(value), kind) if kind == "uint8[]" else (value, kind)


def _value(one: MofProperty, looker: Looker) -> WmiValue:
    """A value of a subscription's part, with its content where it is what runs."""
    value, kind = _held(one)
    shown = WmiValue(clean(one.name), kind, words(value), size_of(value))
    if one.name.lower() not in EXAMINED and shown.size < 200:
        return shown
    return replace(shown, content=looker.look(b"\n".join(contents_of(value, kind))))


def _namespace(one: MofObject) -> str | None:
    """``\\\\.\\root\\subscription`` as ``root\\subscription``; mofcomp takes root\\default else."""
    text = one.namespace.replace("/", "\\")
    return clean(text.removeprefix(_NAMESPACE_PREFIX)) if text else "root\\default"


def _artifact(one: MofObject, source: Source, values: Sequence[WmiValue]) -> WmiObject:
    name = one.value("Name")
    creator = _plain(one.value("CreatorSID"))
    alone = ("standalone",) if one.part == "class" and _stands_alone(one) else ()
    return WmiObject(
        location=Location(source.file.path, f"line {one.line}"),
        part=one.part,
        namespace=_namespace(one),
        class_name=clean(one.name),
        superclasses=(clean(one.superclass),) if one.superclass else (),
        key=f'Name="{clean(name)[:400]}"' if isinstance(name, str) else "",
        state=STATE,
        modified=source.modified,
        creator_sid=sid_of(_bytes(creator)),
        traits=(*source.traits, *alone),
        values=bounded(values),
    )


def _bytes(value: Value) -> bytes:
    numbers = value if isinstance(value, tuple) else ()
    return bytes(item for item in numbers if isinstance(item, int) and 0 <= item < 256)


def _stands_alone(one: MofObject) -> bool:
    present = {qualifier.name.lower() for qualifier in one.qualifiers}
    return not one.superclass and not one.name.startswith("__") and not present & OF_A_SCHEMA


# --- subscriptions --------------------------------------------------------------------------


def _subscriptions(
    parts: dict[str, list[MofObject]], source: Source, looker: Looker
) -> Iterator[WmiSubscription]:
    def made(one: MofObject) -> WmiObject:
        looker.next_object()
        return _artifact(one, source, tuple(_value(value, looker) for value in one.values))

    known = {kind: [(one, made(one)) for one in found[:_MAX]] for kind, found in parts.items()}
    used: set[int] = set()
    for one, binding in known[BINDING]:
        ends = [_end(one, end, known[kind]) for end, kind in _ENDS]
        used |= {id(end) for end in ends if end is not None}
        yield _joined(ends[0], ends[1], binding)
    for _, consumer in known[CONSUMER]:
        if id(consumer) not in used:
            yield _joined(None, consumer, None)
    for _, trigger in known[FILTER]:
        if id(trigger) not in used:
            yield _joined(trigger, None, None)


_ENDS = (("Filter", FILTER), ("Consumer", CONSUMER))


def _end(
    binding: MofObject, end: str, parts: Sequence[tuple[MofObject, WmiObject]]
) -> WmiObject | None:
    """The part that one end of a binding names, by alias or by path."""
    value = binding.value(end)
    if isinstance(value, Alias):
        wanted = value.name.lower()
        return next((made for one, made in parts if one.alias.lower() == wanted), None)
    if not isinstance(value, str):
        return None
    reference = parse_reference(value)
    return next((made for one, made in parts if _is(one, reference)), None)


def _is(one: MofObject, wanted: Reference) -> bool:
    texts = {value.value.lower() for value in one.values if isinstance(value.value, str)}
    return one.name.lower() == wanted.class_name and texts.issuperset(wanted.key)


def _joined(
    trigger: WmiObject | None, consumer: WmiObject | None, binding: WmiObject | None
) -> WmiSubscription:
    deciding = next(part for part in (consumer, binding, trigger) if part is not None)
    return WmiSubscription(
        location=deciding.location,
        namespace=deciding.namespace,
        state=STATE,
        filter=trigger,
        consumer=consumer,
        binding=binding,
    )


# --- storage --------------------------------------------------------------------------------


def _stored(one: MofObject, source: Source, looker: Looker) -> Iterator[WmiObject]:
    """A class or an instance with values that deserve a look."""
    looker.next_object()
    long = LONG_VALUE if one.part == "instance" else LONG_DEFAULT
    if one.part == "class" and _stands_alone(one):
        long = STANDALONE
    held = []
    for prop in one.values:
        value, kind = _held(prop)
        held.append(Held(prop.name, kind, value, long))
    for prop in one.qualifiers:
        value, kind = _held(prop)
        held.append(Held(f"qualifier {prop.name} of the class", kind, value, 1 << 30))
    values = [found for item in held if (found := notable(item, looker)) is not None]
    if values:
        yield _artifact(one, source, values)


def _leftover(mof: MofFile, source: Source, looker: Looker) -> Iterator[WmiObject]:
    """Comments that carry something, and statements that could not be understood."""
    looker.next_object()
    texts = [("a comment", text) for text in mof.comments]
    texts += [("a statement that is no MOF", text) for text in mof.passed]
    found = []
    for name, text in texts:
        for run in dense_runs(text.encode("utf-8", "replace"))[:8]:
            value = notable(Held(name, "bytes", run, 1 << 30), looker)
            if value is not None:
                found.append(value)
    if found:
        whole = MofObject("file", "", "", "", "", 1)
        yield replace(_artifact(whole, source, found[:64]), namespace=None)
