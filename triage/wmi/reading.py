"""One WMI repository, from its files to subscriptions and notable objects."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace

from triage.model import Artifact, Gap, Location, Why
from triage.model.windows import WmiObject, WmiProvider
from triage.parsers import Malformed
from triage.parsers.cim.repository import Problem, Repository, Stored
from triage.scope import Scope
from triage.wmi import places
from triage.wmi.imitation import Imitations
from triage.wmi.looking import Looker
from triage.wmi.objects import Keys, as_object, class_name
from triage.wmi.providers import Providers
from triage.wmi.registry import Software, servers_of
from triage.wmi.spread import Spread
from triage.wmi.storage import notable, values_of
from triage.wmi.subscriptions import Parts, subscriptions
from triage.wmi.words import clean

_OBJECTS_MAX = 2000


@dataclass(slots=True)
class _Reading:
    """One repository under way."""

    scope: Scope
    repository: Repository
    file: Location
    looker: Looker
    deadline: float
    keys: Keys
    parts: Parts = field(default_factory=Parts)
    spread: Spread = field(default_factory=Spread)
    providers: Providers = field(default_factory=Providers)
    imitations: Imitations = field(default_factory=Imitations)
    # Notable classes that stand alone, until all names are known that they could imitate.
    held: dict[tuple[str | None, int, int], WmiObject] = field(default_factory=dict)
    count: int = 0
    kept: int = 0


def read_repository(
    scope: Scope, files: places.Files, software: Software | None = None
) -> Generator[Artifact | Gap, None, int]:
    """Yield what one repository holds; returns how many classes and instances it read.

    ``software`` is the hive that knows the programs of the repository's providers.
    """
    folder = scope.root.locate(files.folder).path.rstrip("/")
    try:
        repository = Repository(files.objects, files.index, files.mappings)
    except Malformed as error:
        yield Gap(Location(f"{folder}/OBJECTS.DATA"), Why.MALFORMED, str(error))
        return 0
    deadline = time.monotonic() + scope.limits.seconds
    looker = Looker(scope.limits, scope.budget)
    file = Location(f"{folder}/OBJECTS.DATA")
    reading = _Reading(scope, repository, file, looker, deadline, Keys(repository))
    yield from _notable(reading)
    yield from _alone(reading)
    yield from _providers(reading, software)
    yield from subscriptions(repository, reading.parts, file, looker)
    yield from _joined(reading)
    repository.finish()
    for problem in repository.problems:
        yield _gap(folder, problem)
    if looker.brief:
        detail = f"{looker.brief} values got only a brief look: more than the limit"
        yield Gap(file, Why.TRUNCATED, detail)
    return reading.count


def _gap(folder: str, problem: Problem) -> Gap:
    return Gap(Location(f"{folder}/{problem.file}", problem.inside), Why.MALFORMED, problem.what)


def _everything(repository: Repository) -> Iterator[Stored]:
    yield from repository.classes()
    yield from repository.instances()
    yield from repository.others()


def _notable(reading: _Reading) -> Generator[Artifact | Gap]:
    """Go through all objects once: subscriptions are set aside, storage comes out."""
    for stored in _everything(reading.repository):
        reading.count += 1
        if reading.count % 1024 == 0:
            reading.scope.progress(reading.count)
            if time.monotonic() > reading.deadline:
                yield Gap(reading.file, Why.TIMEOUT, "the time limit ended the reading here")
                return
        if reading.parts.take(reading.repository, stored):
            continue
        reading.providers.take(reading.repository, stored)
        reading.imitations.take(reading.repository, stored)
        found = _stored(reading, stored)
        if found is not None:
            reading.kept += 1
            if reading.kept > _OBJECTS_MAX:
                yield Gap(reading.file, Why.TRUNCATED, f"more than {_OBJECTS_MAX} notable objects")
                return
            if "standalone" in found.traits and found.part == "class":
                reading.held[_place(stored)] = found
            else:
                yield found


def _place(stored: Stored) -> tuple[str | None, int, int]:
    return stored.namespace, stored.record.page, stored.record.offset


def _alone(reading: _Reading) -> Iterator[WmiObject]:
    """Classes that stand alone, with what they imitate: notable ones, and imitating ones."""
    for stored, name, how in reading.imitations.found():
        found = reading.held.pop(_place(stored), None)
        if found is None:
            found = as_object(reading.repository, stored, reading.file, (), reading.keys)
        yield replace(found, resembles=clean(name), resembles_by=how)
    yield from reading.held.values()


def _providers(reading: _Reading, software: Software | None) -> Iterator[WmiProvider]:
    """The providers, with what the registry of the same image knows of their COM classes."""
    clsids = reading.providers.clsids()
    servers = None if software is None else servers_of(software, clsids)
    yield from reading.providers.artifacts(reading.repository, reading.file, servers)


def _stored(reading: _Reading, stored: Stored) -> WmiObject | None:
    """The object with its notable values, ``None`` when it has none; parts are set aside."""
    held = list(values_of(reading.repository, stored))
    if not held:
        return None
    reading.looker.next_object()
    reading.spread.take_all(stored, class_name(stored), held, reading.keys)
    values = [value for one in held if (value := notable(one, reading.looker)) is not None]
    if not values:
        return None
    return as_object(reading.repository, stored, reading.file, values, reading.keys)


def _joined(reading: _Reading) -> Iterator[WmiObject]:
    """The objects whose parts make something together."""
    for stored, found in reading.spread.joined():
        bare = as_object(reading.repository, stored, reading.file, (), reading.keys)
        content = reading.looker.keeping(found.content, found.data)
        yield replace(bare, parts=found.names[:64], joined=content)
