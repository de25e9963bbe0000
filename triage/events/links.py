"""What events have to do with each other and with the rest of an image.

An event that wrote a value of the Registry belongs to that value; a script or command that runs
what it reads from a value is the value's loader, and both are a chain. Events of one process, or of
a process and its parent, belong together: by Sysmon's GUID, or by process id within one log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from triage.events.registry_places import one_notation
from triage.links.ties import Judged, Tie, harmful_of
from triage.model import Artifact
from triage.model.windows import AutostartItem, EventRecord, RegistryValue
from triage.subjects import subject_id
from triage.windows.commands import judge_command, judge_script
from triage.windows.registry_references import RegistryReference
from triage.windows.traits import Trait

_EVENTS_MAX, _OF_A_PROCESS_MAX = 3000, 6
_LOADS = "a script or command that ran loads what a value of the Registry holds"
_ACTS = frozenset({"script", "process-start", "engine-start", "run-key", "service-install", "task"})


def ties(judged: Sequence[Judged]) -> Iterator[Tie]:
    """Every tie of an event that drew findings, in the order of the input."""
    harmful = harmful_of(judged)
    events = [(subject_id(a), a) for a in harmful if isinstance(a, EventRecord)][:_EVENTS_MAX]
    yield from _sources(events, harmful)
    yield from _registry(events, harmful)
    yield from _processes(events)


def _sources(
    events: Sequence[tuple[str, EventRecord]], harmful: Sequence[Artifact]
) -> Iterator[Tie]:
    """Data in an event, and the registration of the source that wrote it."""
    places: dict[str, str] = {}
    for item in harmful:
        if isinstance(item, AutostartItem) and item.place == "event-source":
            places.setdefault(item.key.rpartition("\\")[2].lower(), subject_id(item))
    for name, event in events:
        place = places.get((event.provider or "").lower())
        if place is not None and event.act in ("stored-data", "stored-parts"):
            yield Tie(name, "was written by the source of", place, "registers who wrote")


# --- the Registry --------------------------------------------------------------------------


def _registry(
    events: Sequence[tuple[str, EventRecord]], harmful: Sequence[Artifact]
) -> Iterator[Tie]:
    values: dict[str, list[str]] = defaultdict(list)
    keys: dict[str, list[str]] = defaultdict(list)
    for item in harmful:
        if isinstance(item, RegistryValue):
            name = subject_id(item)
            values[_place(item.key, item.name)].append(name)
            keys[_place(item.key, None)].append(name)
    writes = [(name, event) for name, event in events if event.act == "registry-set"]
    for name, event in writes:
        own = _written(event.text("key") or "")
        yield from (Tie(name, "wrote", value, "was written by") for value in values[own])
    for name, event in events:
        if event.act == "registry-access":
            own = _place(event.text("key") or "", None)
            yield from (
                Tie(name, "opened the key of", v, "its key was opened by") for v in keys[own]
            )
    written: dict[str, list[str]] = defaultdict(list)
    for name, event in writes:
        written[_written(event.text("key") or "")].append(name)
    for name, event in events:
        if event.act in _ACTS:
            yield from _loaded(name, event, values, keys, written)


def _loaded(
    name: str,
    event: EventRecord,
    values: dict[str, list[str]],
    keys: dict[str, list[str]],
    written: dict[str, list[str]],
) -> Iterator[Tie]:
    """What a script or command of an event reads, where that is a subject, too."""
    runs, references = _reads(event)
    for one in references:
        place = _place(one.key, one.value)
        held = values[place] if one.value is not None else keys[place]
        for value in dict.fromkeys(held):
            chain = f"chain: {_LOADS}" if runs else ""
            yield Tie(name, "loads" if runs else "names", value, "is loaded by", chain)
        for event_name in dict.fromkeys(written[place] if one.value is not None else ()):
            chain = f"chain: {_LOADS}" if runs else ""
            yield Tie(name, "reads what was written in", event_name, "wrote what is read by", chain)


def _reads(event: EventRecord) -> tuple[bool, list[RegistryReference]]:
    """Whether what ran also runs what it reads from the Registry, and the keys it names."""
    found = [judge_script(text) for text in event.texts("script")]
    found += [judge_command(text) for text in event.texts("command")]
    runs = any(one.has(Trait.RUNS_REGISTRY) for one in found)
    references = [r for one in found for r in one.registry if r.access != "write"]
    return runs or Trait.RUNS_REGISTRY in event.traits, references


def _place(key: str, value: str | None) -> str:
    """A key, and the value's name behind it where one is meant, in the notation of all."""
    path = key if value is None else f"{key}\\{value or '(default)'}"
    return _written(path)


def _written(path: str) -> str:
    """One notation, without the name of the user and with the classes of a user in their place."""
    found = one_notation(path)
    if found.startswith("hku\\") and not found.startswith("hku\\*"):
        found = "hku\\*" + found[4:].partition("\\")[1] + found[4:].partition("\\")[2]
    found = found.replace("hku\\*_classes", "hku\\*\\software\\classes")
    return found.replace("{default}", "(default)").rstrip("\\")


# --- processes -----------------------------------------------------------------------------


def _processes(events: Sequence[tuple[str, EventRecord]]) -> Iterator[Tie]:
    acting: dict[str, list[str]] = defaultdict(list)
    for name, event in events:
        for identity in _identities(event, event.processes):
            if len(acting[identity]) < _OF_A_PROCESS_MAX and name not in acting[identity]:
                acting[identity].append(name)
    for names in acting.values():
        for one, other in pairwise(names):
            yield Tie(one, "same process as", other, "same process as")
    for name, event in events:
        for identity in _identities(event, event.parents):
            for parent in acting.get(identity, ()):
                if parent != name:
                    yield Tie(parent, "started", name, "was started by")


def _identities(event: EventRecord, names: tuple[str, ...]) -> Iterator[str]:
    """GUIDs are good everywhere; process ids only within their log and machine."""
    guids = [name for name in names if name.startswith("{")]
    if guids:
        yield from guids
    else:
        yield from (f"{event.location.path}\0{event.computer}\0{name}" for name in names)
