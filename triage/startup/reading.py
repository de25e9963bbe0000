"""All files of an image that start something, and the tasks that the task cache alone knows."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from triage.model import Artifact, Gap, Location, Why
from triage.registry.looking import Looker
from triage.registry.notation import Names
from triage.scope import Budget, Scope
from triage.startup.files import StartFile
from triage.startup.items import Items
from triage.startup.tasks import CachedTask, cached_tasks
from triage.wmi.registry import Software, software_of

_ITEMS_MAX = 3000
_PREFIX = "HKLM\\SOFTWARE"
#: When more of the cached tasks than one in so many have no file, the folder is not whole.
_WHOLE = 5


def read_files(
    scope: Scope, files: list[StartFile], users: list[str]
) -> Generator[Artifact | Gap, None, int]:
    """Yield the items; returns how many files were looked at."""
    software = software_of(scope.root)
    cache = {} if software is None else cached_tasks(software.hive)
    items = Items(scope.root, Looker(scope.limits, Budget(scope.limits)), Names(tuple(users)))
    count = 0
    for number, file in enumerate(files):
        for step in items.of(file, cache):
            yield step
            count += not isinstance(step, Gap)
        if count >= _ITEMS_MAX:
            text = f"{len(files) - number - 1} files that start something were not looked at"
            yield Gap(scope.root.locate(file.path), Why.TRUNCATED, text)
            return number + 1
        scope.progress(number + 1)
    if software is not None and items.tasks:
        yield from _without_files(scope, software, items, cache)
    return len(files)


def _without_files(
    scope: Scope, software: Software, items: Items, cache: dict[str, CachedTask]
) -> Iterator[Artifact | Gap]:
    missing = [task for name, task in sorted(cache.items()) if name not in items.tasks]
    where = scope.root.locate(software.path)
    if len(missing) * _WHOLE > len(cache) and len(missing) > 2:
        text = f"{len(missing)} of {len(cache)} tasks of the task cache have no file here"
        yield Gap(Location(where.path, "TaskCache"), Why.ABSENT, text)
        return
    for task in missing:
        yield from items.cached_only(task, where, _PREFIX)
