"""All hives of one image: who they belong to, in which order they are read, what reads what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator

from triage.model import Artifact, Gap
from triage.model.windows import AutostartItem, RegistryRead, WmiSubscription
from triage.registry.hives import profile_sids
from triage.registry.merging import Merged, runs
from triage.registry.named import named_values
from triage.registry.notation import Names, reads_of
from triage.registry.places import HiveFile
from triage.registry.workers import Known, Summary, Work, opened, read
from triage.scope import Scope, Tally
from triage.windows.commands import judge_script

_ORDER = ("software", "system", "user", "classes", "security", "sam", "amcache", "bcd", "package")


def read_hives(scope: Scope, files: list[HiveFile]) -> Generator[Artifact | Gap, None, Tally]:
    """Read every hive: hives in use before copies, the machine's before the users'."""
    known, sids = yield from _survey(scope, files)
    names = _names(known, sids)
    merged = Merged(scope.budget)
    merged.wanted.update(_wanted_by_others(scope, names))
    for known_one in scope.so_far:
        if isinstance(known_one, AutostartItem):
            merged.remember(known_one)
    work = Work(scope.root, scope.limits, names, tuple(known), tuple(sorted(sids.items())))
    for number, item in read(work, scope.progress):
        if isinstance(item, Summary):
            _count(merged, item)
            continue
        kept = item if isinstance(item, Gap) else merged.add(item, copy=known[number].copy)
        if kept is not None:
            yield kept
    yield from named_values(work, merged)
    return Tally(merged.tally.values, _in_words(len(known), merged))


def _count(merged: Merged, summary: Summary) -> None:
    merged.tally.keys += summary.keys
    merged.tally.values += summary.values
    merged.tally.benign.update(dict(summary.benign))
    for name, server in summary.machine:
        merged.machine.setdefault(name, server)


def _survey(
    scope: Scope, files: list[HiveFile]
) -> Generator[Gap, None, tuple[list[Known], dict[str, str]]]:
    """What each hive is. Reads every file once; most of a tree's time goes elsewhere."""
    found: list[Known] = []
    sids: dict[str, str] = {}
    for file in files:
        size, at = yield from opened(scope.root, file, {}, quiet=True)
        if at is None:
            continue
        if at.kind == "software":
            for folder, sid in profile_sids(at.hive).items():
                sids.setdefault(folder, sid)
        if at.kind != "components":
            found.append(Known(file, size, at.kind, at.prefix, at.user, at.copy, at.current))
    rank = {kind: number for number, kind in enumerate(_ORDER)}
    found.sort(key=lambda one: (one.copy, rank.get(one.kind, len(rank)), one.file.path))
    return found, sids


def _names(known: list[Known], sids: dict[str, str]) -> Names:
    users = dict.fromkeys(one.user for one in known if one.user is not None)
    current = next((one.current for one in known if one.kind == "system"), 1)
    pairs = tuple((sid, folder) for folder, sid in sorted(sids.items()))
    return Names(tuple(users), pairs, current)


def _wanted_by_others(scope: Scope, names: Names) -> dict[RegistryRead, bool]:
    """Keys that tasks and other files read that start something, and consumers of WMI."""
    found: dict[RegistryRead, bool] = {}
    for item in scope.so_far:
        if isinstance(item, AutostartItem):
            found.update(dict.fromkeys(item.reads, runs(item.traits)))
        elif isinstance(item, WmiSubscription) and item.consumer is not None:
            text = "\n".join(value.text or "" for value in item.consumer.values)
            found.update(dict.fromkeys(reads_of(judge_script(text).registry, names), True))
    return found


def _in_words(hives: int, merged: Merged) -> str:
    """The report's words: how much was read, and what was judged benign, by row."""
    tally = merged.tally
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
