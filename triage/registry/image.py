"""All hives of one image: who they belong to, in which order they are read, what reads what."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterator

from triage.model import Artifact, Gap, Why
from triage.model_windows import RegistryRead, WmiSubscription
from triage.parsers import Malformed
from triage.parsers.regf import open_hive
from triage.records import dataclass
from triage.registry import places
from triage.registry.hives import Mounted, mounted, profile_sids
from triage.registry.notation import Names, resolve
from triage.registry.places import HiveFile
from triage.registry.reading import Collection, Reader
from triage.scope import Scope, Tally
from triage.windows.commands import judge_script

_ORDER = ("software", "system", "user", "classes", "security", "sam", "amcache", "bcd")


@dataclass(frozen=True, slots=True)
class _Known:
    """A hive file with what a first look said: its kind, mount, and whether it is a copy."""

    file: HiveFile
    kind: str
    prefix: str
    user: str | None
    copy: bool
    current: int


def read_hives(scope: Scope, files: list[HiveFile]) -> Generator[Artifact | Gap, None, Tally]:
    """Read every hive: hives in use before copies, the machine's before the users'."""
    known, sids = yield from _survey(scope, files)
    shared = Collection(scope.limits, scope.budget, _names(known, sids))
    shared.wanted.update(_wanted_by_wmi(scope, shared.names))
    begun = time.monotonic()
    for place, one in enumerate(known):
        if time.monotonic() - begun > scope.limits.seconds:
            rest = len(known) - place
            text = f"{rest} hives were not read: the time was up; the first is {one.file.path}"
            yield Gap(scope.root.locate(one.file.path), Why.TIMEOUT, text)
            break
        yield from _read(scope, one, sids, shared)
    yield from _read_wanted(scope, known, sids, shared)
    return Tally(shared.tally.values, _in_words(len(known), shared))


def _survey(
    scope: Scope, files: list[HiveFile]
) -> Generator[Gap, None, tuple[list[_Known], dict[str, str]]]:
    """What each hive is. Reads every file once; most of a tree's time goes elsewhere."""
    found: list[_Known] = []
    sids: dict[str, str] = {}
    for file in files:
        at = yield from _opened(scope, file, {}, quiet=True)
        if at is None:
            continue
        if at.kind == "software":
            for folder, sid in profile_sids(at.hive).items():
                sids.setdefault(folder, sid)
        if at.kind != "components":
            found.append(_Known(file, at.kind, at.prefix, at.user, at.copy, at.current))
    rank = {kind: number for number, kind in enumerate(_ORDER)}
    found.sort(key=lambda one: (one.copy, rank.get(one.kind, len(rank)), one.file.path))
    return found, sids


def _opened(
    scope: Scope, file: HiveFile, sids: dict[str, str], *, quiet: bool
) -> Generator[Gap, None, Mounted | None]:
    for step in places.read(scope.root, file):
        if isinstance(step, Gap):
            if not quiet:
                yield step
            continue
        data, logs = step
        try:
            hive = open_hive(data, logs)
        except Malformed as error:
            if quiet:
                yield Gap(scope.root.locate(file.path), Why.MALFORMED, str(error))
            return None
        return mounted(hive, file.path, sids)
    return None


def _names(known: list[_Known], sids: dict[str, str]) -> Names:
    users = dict.fromkeys(one.user for one in known if one.user is not None)
    current = next((one.current for one in known if one.kind == "system"), 1)
    pairs = tuple((sid, folder) for folder, sid in sorted(sids.items()))
    return Names(tuple(users), pairs, current)


def _read(
    scope: Scope, one: _Known, sids: dict[str, str], shared: Collection
) -> Iterator[Artifact | Gap]:
    at = yield from _opened(scope, one.file, sids, quiet=False)
    if at is None:
        return
    yield from Reader(at, scope.root.locate(one.file.path), shared).artifacts()
    scope.progress(shared.tally.values)


def _read_wanted(
    scope: Scope, known: list[_Known], sids: dict[str, str], shared: Collection
) -> Iterator[Artifact | Gap]:
    """Values that a loader names and that are nothing by themselves; chains go two steps."""
    for _ in range(2):
        before = len(shared.wanted)
        keys = [one.key.lower() for one in shared.wanted]
        for one in known:
            low = one.prefix.lower()
            if one.copy or not any(key == low or key.startswith(f"{low}\\") for key in keys):
                continue
            at = yield from _opened(scope, one.file, sids, quiet=False)
            if at is not None:
                yield from Reader(at, scope.root.locate(one.file.path), shared).wanted()
        if len(shared.wanted) == before:
            return


def _wanted_by_wmi(scope: Scope, names: Names) -> dict[RegistryRead, bool]:
    """Keys that the consumers of WMI subscriptions read."""
    found: dict[RegistryRead, bool] = {}
    for item in scope.so_far:
        if isinstance(item, WmiSubscription) and item.consumer is not None:
            text = "\n".join(value.text or "" for value in item.consumer.values)
            for one in judge_script(text).registry:
                if one.access != "write":
                    for place in resolve(one.key, names):
                        found[RegistryRead(place.full, one.value)] = True
    return found


def _in_words(hives: int, shared: Collection) -> str:
    """The report's words: how much was read, and what was judged benign, by row."""
    tally = shared.tally
    text = f"{hives} hives, {tally.keys} keys, {tally.values} values"
    counts: Counter[str] = tally.benign
    if not counts:
        return text
    rows = [
        f"{count} {what}" for what, count in sorted(counts.items(), key=lambda x: (-x[1], x[0]))
    ]
    total = sum(counts.values())
    return (
        f"{text}; {total} dense or long values judged benign by place and shape: {'; '.join(rows)}"
    )
