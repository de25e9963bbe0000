"""Ties between subjects: who executes, maps or holds a file, who started whom; and chains.

A chain (two or more linked facts that belong together) sets a floor under the score of its
members, because each alone could be an accident and together they are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module

from triage.links.ties import Judged, Tie
from triage.model import Finding, Link, MemoryFile, Process
from triage.records import dataclass
from triage.scene import Scene
from triage.subjects import subject_id

_CRITICAL = 90
# (kinds, module, function): loaded and asked where a snapshot holds any of the kinds
_FINDERS = (
    (("WmiObject", "WmiSubscription"), "triage.wmi.links", "ties"),
    (("WmiObject", "WmiSubscription"), "triage.wmi.registry_links", "registry_ties"),
    (("EventRecord",), "triage.events.links", "ties"),
    (("PersistenceItem",), "triage.linux_image.links", "ties"),
    (("IpcObject", "HiddenThing"), "triage.links.kernel", "ties"),
    (("CodeLook",), "triage.links.code", "ties"),
)
# Indicators that are a chain when they meet on one process: (all of these, reason).
_TOGETHER = (
    (
        frozenset({"exe-not-mapped", "memory-anonymous-elf"}),
        "its executable is not mapped and another ELF is: a userland exec",
    ),
    (
        frozenset({"exe-not-mapped", "memory-anonymous-shellcode"}),
        "its executable is not mapped and anonymous code runs in its place",
    ),
    (
        frozenset({"script-descriptor", "memory-anonymous-elf"}),
        "an interpreter fed through a descriptor holds an ELF image in anonymous memory",
    ),
)


@dataclass(frozen=True, slots=True)
class Chains:
    """By subject id: links to other subjects, score floors, and the reasons for them."""

    links: Mapping[str, tuple[Link, ...]]
    floors: Mapping[str, int]
    reasons: Mapping[str, tuple[str, ...]]


def chains(judged: Sequence[Judged], scene: Scene) -> Chains:
    """Find the ties among the artifacts that drew findings."""
    links: dict[str, list[Link]] = {}
    ids = {subject_id(artifact): findings for artifact, findings in judged}
    for artifact, _ in judged:
        if isinstance(artifact, MemoryFile):
            _tie_holders(artifact, ids, scene, links)
        elif isinstance(artifact, Process):
            _tie_parent(artifact, ids, scene, links)
    floors, reasons = _floors(judged)
    for tie in _ties(judged):
        _apply(tie, links, floors, reasons)
    _registry(judged, links, floors, reasons)
    _logins(judged, scene, reasons)
    return Chains(
        links={name: tuple(dict.fromkeys(found)) for name, found in links.items()},
        floors=floors,
        reasons=reasons,
    )


def _tie(links: dict[str, list[Link]], one: str, relation: str, other: str, back: str) -> None:
    links.setdefault(one, []).append(Link(relation, other))
    links.setdefault(other, []).append(Link(back, one))


def _apply(
    tie: Tie,
    links: dict[str, list[Link]],
    floors: dict[str, int],
    reasons: dict[str, tuple[str, ...]],
) -> None:
    """A link both ways, and a floor under both where the two make a chain."""
    _tie(links, tie.one, tie.relation, tie.other, tie.back)
    if tie.chain:
        for name in (tie.one, tie.other):
            floors[name] = _CRITICAL
            reasons[name] = tuple(dict.fromkeys((*reasons.get(name, ()), tie.chain)))


def _tie_holders(
    file: MemoryFile,
    ids: Mapping[str, tuple[Finding, ...]],
    scene: Scene,
    links: dict[str, list[Link]],
) -> None:
    for holder in file.holders:
        process = scene.processes.get(holder.pid)
        if process is None or subject_id(process) not in ids:
            continue
        if holder.how == "exe":
            relation, back = "executes", "is executed by"
        elif holder.how.startswith("map"):
            relation, back = "maps", "is mapped by"
        else:
            relation, back = "holds open", "is held open by"
        _tie(links, subject_id(process), relation, subject_id(file), back)


def _tie_parent(
    process: Process,
    ids: Mapping[str, tuple[Finding, ...]],
    scene: Scene,
    links: dict[str, list[Link]],
) -> None:
    parent = None if process.ppid is None else scene.processes.get(process.ppid)
    if parent is not None and subject_id(parent) in ids:
        _tie(links, subject_id(parent), "started", subject_id(process), "was started by")


def _holds(judged: Sequence[Judged], *kinds: str) -> bool:
    """Whether any artifact is of these kinds, by name: what is not there is not loaded."""
    return any(type(artifact).__name__ in kinds for artifact, _ in judged)


def _registry(
    judged: Sequence[Judged],
    links: dict[str, list[Link]],
    floors: dict[str, int],
    reasons: dict[str, tuple[str, ...]],
) -> None:
    """Loaders and stores of the Registry, and stores that nothing reads."""
    if not _holds(judged, "RegistryValue", "RegistryKey"):
        return
    from triage.registry.links import ties, unread  # a live Linux box has none

    read: set[str] = set()
    for tie in ties(judged):
        _apply(tie, links, floors, reasons)
        read.add(tie.other)
    for name, words in unread(judged, frozenset(read)):
        reasons[name] = (*reasons.get(name, ()), words)


def _logins(judged: Sequence[Judged], scene: Scene, reasons: dict[str, tuple[str, ...]]) -> None:
    """On an image: who was logged in at the time."""
    if scene.snapshot.root_kind == "live":
        return
    from triage.linux_image.logins_near import context

    for name, words in context(judged, scene):
        reasons[name] = (*reasons.get(name, ()), words)


def _ties(judged: Sequence[Judged]) -> Iterator[Tie]:
    """What each kind of evidence says of itself, where there is any of the kind."""
    for kinds, module, name in _FINDERS:
        if _holds(judged, *kinds):
            yield from getattr(import_module(module), name)(judged)


def _floors(judged: Sequence[Judged]) -> tuple[dict[str, int], dict[str, tuple[str, ...]]]:
    floors: dict[str, int] = {}
    reasons: dict[str, tuple[str, ...]] = {}
    for artifact, findings in judged:
        names = {f.indicator for f in findings if not f.attested}
        for together, reason in _TOGETHER:
            if together <= names:
                name = subject_id(artifact)
                floors[name] = max(floors.get(name, 0), _CRITICAL)
                reasons[name] = (*reasons.get(name, ()), f"chain: {reason}")
    return floors, reasons
