"""What belongs together with a store without a file, or with what hides: who has it, what it is.

A process and the store it holds; one payload in two places; a hidden process and what it does;
a command line that names a store. Only where both ends drew findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from triage.links.ties import Judged, Tie, harmful_of
from triage.model import MemoryFile, Process
from triage.model.kernel_objects import HiddenThing, IpcObject
from triage.subjects import subject_id

# How a holder holds, as its words begin; both directions of the relation.
_HOLDS = (
    ("map", ("maps", "is mapped by")),
    ("exe", ("runs from", "holds the program of")),
    ("", ("holds open", "is held open by")),
)
_NAME_LEAST = 6  # shorter names are words that any command may have
_MOST = 300  # each is compared with each
_SAME = "chain: the same payload lies in two places"
_HIDDEN = "chain: a process that listings do not show, and that is harmful by itself"
_NAMED = "chain: a command names a store that holds a payload"


def ties(judged: Sequence[Judged]) -> Iterator[Tie]:
    """Every tie of stores and hidden things, in the order of the input."""
    harmful = harmful_of(judged)
    processes = {a.pid: a for a in harmful if isinstance(a, Process)}
    stores = [a for a in harmful if isinstance(a, IpcObject)][:_MOST]
    for store in stores:
        yield from _holders(store, processes)
        yield from _commands(store, list(processes.values())[:_MOST])
    yield from _same_bytes(stores, [a for a in harmful if isinstance(a, MemoryFile)])
    for thing in harmful:
        if isinstance(thing, HiddenThing) and thing.pid in processes:
            process = processes[thing.pid]
            yield Tie(subject_id(thing), "hides", subject_id(process), "is hidden", _HIDDEN)


def _holders(store: IpcObject, processes: dict[int, Process]) -> Iterator[Tie]:
    for holder in store.holders:
        process = processes.get(holder.pid)
        if process is not None:
            relation, back = next(words for how, words in _HOLDS if holder.how.startswith(how))
            yield Tie(subject_id(process), relation, subject_id(store), back)


def _commands(store: IpcObject, processes: list[Process]) -> Iterator[Tie]:
    """A command line that has the name of a key, queue or attribute as a word of its own."""
    name = store.name.rpartition(": ")[2] if store.store == "attribute" else store.name
    if store.store not in ("key", "message-queue", "attribute") or len(name) < _NAME_LEAST:
        return
    for process in processes:
        if any(name in text for text in process.cmdline or ()):
            yield Tie(subject_id(process), "names", subject_id(store), "is named by", _NAMED)


def _same_bytes(stores: list[IpcObject], files: list[MemoryFile]) -> Iterator[Tie]:
    """One payload twice; a segment and the file that the kernel makes of it are one thing."""
    by_digest: dict[str, list[IpcObject | MemoryFile]] = {}
    both: list[IpcObject | MemoryFile] = [*stores, *files]
    for item in both:
        if item.content is not None and item.content.sha256 is not None:
            by_digest.setdefault(item.content.sha256, []).append(item)
    for same in by_digest.values():
        for other in same[1:]:
            if not isinstance(same[0], IpcObject):
                break
            one_thing = same[0].store == "sysv-shm" and _is_sysv(other)
            chain = "" if one_thing else _SAME
            relation = "is the same as" if one_thing else "holds the same bytes as"
            yield Tie(subject_id(same[0]), relation, subject_id(other), relation, chain)


def _is_sysv(item: IpcObject | MemoryFile) -> bool:
    return isinstance(item, MemoryFile) and item.origin == "sysv"
