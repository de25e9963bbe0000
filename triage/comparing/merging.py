"""Several snapshots of one case -> one: the same box, looked at in parts or more than once.

Strict: nothing is merged across boxes or across restarts, where a pid means another process, and
nothing that was cut short. The sources' digests, times and roots are kept in the host's notes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace

from triage.model import Artifact, Coverage, Gap, Host, Process, Snapshot, Why
from triage.provenance import coverage_of
from triage.records import dataclass
from triage.subjects import subject_id

# Facts that must agree where two snapshots know them: those of the box and of its boot.
_SAME_BOX = ("hostname", "machine")
_SAME_BOOT = ("boot_id",)
_UNION = frozenset({"notes"})


class Unmergeable(ValueError):
    """Snapshots that are not of one case; the message says which fact tells."""


@dataclass(frozen=True, slots=True)
class Source:
    """A snapshot, the name of its file and the sha256 of that file's bytes."""

    name: str
    sha256: str
    snapshot: Snapshot


def merge(sources: Sequence[Source]) -> Snapshot:
    """One snapshot of all that the sources hold. Raises :class:`Unmergeable`.

    What several sources saw is told once. Where they disagree about one thing, the latest counts,
    and where it is another thing under the same name (a pid that was used again) a gap says so.
    """
    if len(sources) < 2:
        raise Unmergeable("it takes at least two snapshots")
    _check(sources)
    # The latest first: its word counts. Ties by digest, so that the order of names does not matter.
    ranked = sorted(
        sources, key=lambda each: (each.snapshot.finished_at, each.sha256), reverse=True
    )
    kept, conflicts = _artifacts(ranked)
    snapshots = [each.snapshot for each in ranked]
    live = next((each for each in snapshots if each.root_kind == "live"), snapshots[0])
    return replace(
        live,
        tool_version=max(each.tool_version for each in snapshots),
        started_at=min(each.started_at for each in snapshots),
        finished_at=max(each.finished_at for each in snapshots),
        host=_host(ranked, live.host),
        artifacts=tuple(each.artifact for each in kept),
        gaps=tuple(dict.fromkeys((*(gap for each in snapshots for gap in each.gaps), *conflicts))),
        coverage=tuple(_coverage(ranked, kept)),
    )


def _check(sources: Sequence[Source]) -> None:
    for each in sources:
        if not each.snapshot.complete:
            raise Unmergeable(f"{each.name} was cut short; merge only whole snapshots")
    seen: dict[str, str] = {}
    for each in sources:
        if each.sha256 in seen:
            raise Unmergeable(f"{each.name} is the same file as {seen[each.sha256]}")
        seen[each.sha256] = each.name
    for name in _SAME_BOX:
        _agree(name, sources)
    for name in _SAME_BOOT:
        _agree(name, [each for each in sources if each.snapshot.root_kind == "live"])


def _agree(name: str, sources: Iterable[Source]) -> None:
    known: dict[object, str] = {}
    for each in sources:
        value = getattr(each.snapshot.host, name)
        if value:
            known.setdefault(value, each.name)
    if len(known) > 1:
        told = ", ".join(f"{value} in {where}" for value, where in known.items())
        raise Unmergeable(f"they are not of one case: {name} is {told}")


@dataclass(frozen=True, slots=True)
class _Kept:
    """An artifact of the whole, ``place`` its number in ``source``."""

    artifact: Artifact
    source: Source
    place: int


def _artifacts(ranked: Sequence[Source]) -> tuple[list[_Kept], list[Gap]]:
    """Every thing once, source by source, each in the order of its collection; the first source
    that has a thing counts."""
    found: dict[str, _Kept] = {}
    kept: list[_Kept] = []
    conflicts: list[Gap] = []
    for source in ranked:
        named: dict[str, _Kept] = {}
        for place, artifact in enumerate(source.snapshot.artifacts):
            name = subject_id(artifact)
            here = _Kept(artifact, source, place)
            later = found.get(name)
            if later is None:
                # Two records of one name in one source are that source's own matter: both stay.
                kept.append(here)
            elif _ended(later.artifact, artifact):
                kept = [each for each in kept if each is not later]
                kept.append(here)
                found[name] = here
            elif name not in named and _another(later.artifact, artifact):
                detail = f"left out: {source.name} has another process under this number, that of"
                text = f"{detail} {later.source.name} is later"
                conflicts.append(Gap(artifact.location, Why.REFUSED, text))
            named.setdefault(name, here)
        found = named | found
    return kept, conflicts


def _ended(later: Artifact, earlier: Artifact) -> bool:
    """Whether a process that was seen alive had ended when it was seen again: what is left of it
    (a zombie) tells nothing of what it ran."""
    return (
        isinstance(later, Process)
        and isinstance(earlier, Process)
        and later.exe is None
        and earlier.exe is not None
        and later.start_ticks is not None
        and later.start_ticks == earlier.start_ticks
    )


def _another(one: Artifact, other: Artifact) -> bool:
    """Whether two records of one name are of two things: a pid that was used again."""
    return (
        isinstance(one, Process)
        and isinstance(other, Process)
        and (one.start_ticks, one.exe) != (other.start_ticks, other.exe)
        and not _ended(other, one)
    )


def _host(ranked: Sequence[Source], first: Host) -> Host:
    """Facts of the live snapshot, then those that others know besides; the notes of all."""
    facts = {field.name: getattr(first, field.name) for field in fields(Host)}
    notes: list[str] = []
    for source in ranked:
        host = source.snapshot.host
        notes += (_origin(source), *host.notes)
        for name, value in facts.items():
            if name not in _UNION and value in (None, ()):
                facts[name] = getattr(host, name)
    return Host(**(facts | {"notes": tuple(dict.fromkeys(notes))}))


def _origin(source: Source) -> str:
    """A line on one source, which a reader can check with ``sha256sum``."""
    one = source.snapshot
    return (
        f"merged from {source.name}: sha256 {source.sha256}, {one.root_kind} {one.root_path}, "
        f"{one.started_at} to {one.finished_at}, triage {one.tool_version}"
    )


def _coverage(ranked: Sequence[Source], kept: Sequence[_Kept]) -> Iterable[Coverage]:
    """What each collector did; it keeps count of the artifacts that the whole has from it, so that
    these can still be told apart (:mod:`triage.provenance`)."""
    for source in ranked:
        entry_of = coverage_of(source.snapshot)
        own = Counter(entry_of(each.place) for each in kept if each.source is source)
        for number, entry in enumerate(source.snapshot.coverage):
            detail = f"{source.name}: {entry.detail}" if entry.detail else source.name
            count = entry.artifacts if own[None] else own[number]
            yield replace(entry, detail=detail, artifacts=count)
