"""One WMI repository, from its files to subscriptions and notable objects."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace

from triage.model import Artifact, Gap, Location, Why
from triage.model_windows import WmiObject
from triage.parsers import Malformed
from triage.parsers.cim.repository import Problem, Repository, Stored
from triage.scope import Scope
from triage.wmi import places
from triage.wmi.looking import Looker
from triage.wmi.objects import Keys, as_object, class_name
from triage.wmi.spread import Spread
from triage.wmi.storage import notable, values_of
from triage.wmi.subscriptions import Parts, subscriptions

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
    count: int = 0
    kept: int = 0


def read_repository(scope: Scope, files: places.Files) -> Generator[Artifact | Gap, None, int]:
    """Yield what one repository holds; returns how many classes and instances it read."""
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
        found = _stored(reading, stored)
        if found is not None:
            reading.kept += 1
            if reading.kept > _OBJECTS_MAX:
                yield Gap(reading.file, Why.TRUNCATED, f"more than {_OBJECTS_MAX} notable objects")
                return
            yield found


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
