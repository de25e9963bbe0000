"""Ties about the Registry: which command reads which key, and whether that makes a chain.

A loader that runs what it reads and a value that holds something are one story. Commands name keys
as they like; :mod:`triage.registry.notation` has resolved them on this image when it was collected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from triage.links.ties import Judged, Tie
from triage.model import Artifact, Finding
from triage.model.windows import (
    AutostartItem,
    RegistryKey,
    RegistryRead,
    RegistryValue,
    WmiSubscription,
)
from triage.records import dataclass
from triage.registry.notation import Names, reads_of
from triage.subjects import subject_id
from triage.windows.commands import judge_script

#: Families of findings that say that a value holds something, not only where it lies.
_HOLDS = frozenset({"registry-payload", "registry-run", "registry-form", "registry-name"})
_PAYLOAD = frozenset({"registry-payload"})
_RUNS = frozenset({"autostart-code", "autostart-form", "wmi-consumer", "registry-payload"})


@dataclass(frozen=True, slots=True)
class _Store:
    item: RegistryValue | RegistryKey
    name: str
    findings: tuple[Finding, ...]


def ties(judged: Sequence[Judged]) -> Iterator[Tie]:
    """Every loader with the stores that it reads."""
    stores = _stores(judged)
    if not stores:
        return
    names = _names(judged)
    for artifact, findings in judged:
        for read in _reads(artifact, names):
            for store in _matching(stores, read):
                own = subject_id(artifact)
                if own != store.name:
                    yield Tie(own, "reads", store.name, "is read by", _chain(findings, store, read))


def unread(judged: Sequence[Judged], read: frozenset[str]) -> Iterator[tuple[str, str]]:
    """(subject, words) for stores that hold a payload and that nothing on the image reads."""
    words = "no autostart, task or subscription found here reads it"
    for artifact, findings in judged:
        if isinstance(artifact, RegistryValue | RegistryKey):
            name = subject_id(artifact)
            if name not in read and _holds(findings, _PAYLOAD):
                yield name, words


def _stores(judged: Sequence[Judged]) -> dict[str, list[_Store]]:
    found: dict[str, list[_Store]] = {}
    for artifact, findings in judged:
        if isinstance(artifact, RegistryValue | RegistryKey):
            key = artifact.key.lower()
            store = _Store(artifact, subject_id(artifact), findings)
            found.setdefault(key, []).append(store)
            if isinstance(artifact, RegistryValue) and artifact.parts:
                # parts may lie in keys beside this one: their parent is what a loader names
                found.setdefault(key.rpartition("\\")[0], []).append(store)
    return found


def _matching(stores: dict[str, list[_Store]], read: RegistryRead) -> Iterator[_Store]:
    for store in stores.get(read.key.lower(), ()):
        item = store.item
        if (
            read.value is None
            or isinstance(item, RegistryKey)
            or item.joined is not None
            or item.name.lower() == read.value.lower()
        ):
            yield store


def _names(judged: Sequence[Judged]) -> Names:
    users = dict.fromkeys(
        artifact.user
        for artifact, _ in judged
        if isinstance(artifact, RegistryValue | RegistryKey | AutostartItem) and artifact.user
    )
    return Names(tuple(users))


def _reads(artifact: Artifact, names: Names) -> tuple[RegistryRead, ...]:
    """The keys that a subject reads; those of WMI consumers are resolved here."""
    if isinstance(artifact, AutostartItem | RegistryValue):
        return artifact.reads
    if isinstance(artifact, WmiSubscription) and artifact.consumer is not None:
        text = "\n".join(value.text or "" for value in artifact.consumer.values)
        return reads_of(judge_script(text).registry, names)
    return ()


def _chain(findings: tuple[Finding, ...], store: _Store, read: RegistryRead) -> str:
    """Why loader and store are one story; empty when one of them is only a lead."""
    if not _holds(findings, _RUNS) or not _holds(store.findings, _HOLDS):
        return ""
    return f"chain: what starts by itself reads {read.key}, and that holds something to run"


def _holds(findings: tuple[Finding, ...], families: frozenset[str]) -> bool:
    return any(finding.family in families and not finding.attested for finding in findings)
