"""What a WMI subscription names and what tells of it: classes, events, MOF files.

Where both ends drew findings, they belong to one story; where a subscription names a class that
holds data, they are a chain. What it names in the registry: :mod:`triage.wmi.registry_links`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from triage.links.ties import Judged, Tie, harmful_of
from triage.model import Artifact
from triage.model.windows import EventRecord, WmiObject, WmiSubscription
from triage.predicates.wmi_consumers import runs_code, texts_of
from triage.records import dataclass
from triage.subjects import subject_id
from triage.windows.targets import targets_of

_NAME_LEAST = 6  # shorter names of classes are words that any script may have
_TOLD_LEAST = 12  # characters of a command or a name that an event repeats by no accident
_SHORTEST = 4  # characters of a consumer's name beside the name of its class
MOST, _EVENTS, _SIGNS = 300, 3000, 8  # each is compared with each
_CLASSES = "a WMI subscription that runs code names a class that holds data"


def ties(judged: Sequence[Judged]) -> Iterator[Tie]:
    """Every tie between WMI objects and what else drew findings, in the order of the input."""
    harmful = harmful_of(judged)
    stores = stores_in(harmful)
    subscriptions = [a for a in harmful if isinstance(a, WmiSubscription)][:MOST]
    events = [(subject_id(a), _told(a)) for a in harmful if isinstance(a, EventRecord)][:_EVENTS]
    files = [a for a in subscriptions if a.state == "mof" and a.consumer is not None]
    for item in subscriptions:
        if item.consumer is None:
            continue
        me, texts = subject_id(item), list(texts_of(item.consumer))
        for store in stores:
            if is_named(store.class_name, texts):
                yield Tie(me, "names", subject_id(store), "is named by", f"chain: {_CLASSES}")
        signs = _signs(item, texts)
        yield from (
            Tie(event, "tells of", me, "is told by")
            for event, told in events
            if signs.told_in(told)
        )
        for file in files:
            if _is_source(file, item):
                yield Tie(me, "is written in", subject_id(file), "is the source of")


def stores_in(artifacts: Sequence[Artifact]) -> list[WmiObject]:
    """The classes and objects that hold something."""
    found = [a for a in artifacts if isinstance(a, WmiObject)]
    return [a for a in found if a.values or a.joined is not None][:MOST]


def is_named(name: str, texts: Sequence[str]) -> bool:
    """Whether texts name a class; a name too short to tell is not looked for."""
    low = name.lower()
    return len(name) >= _NAME_LEAST and any(low in text.lower() for text in texts)


# --- files, events, sources -------------------------------------------------------------------


def files_in(texts: Sequence[str]) -> frozenset[str]:
    """The files that commands and scripts name by their path, in lower case."""
    found = (target for text in texts for target in targets_of("", text))
    paths = (target.strip('"').replace("/", "\\").lower() for target in found)
    return frozenset(path for path in paths if "\\" in path)


def _told(event: EventRecord) -> str:
    return "\n".join(field.text.lower() for field in event.fields if field.text)


@dataclass(frozen=True, slots=True)
class _Signs:
    """By what an event shows that it is about a subscription; all in lower case."""

    runs: tuple[str, ...]
    name: str

    def told_in(self, told: str) -> bool:
        """Whether a text repeats what the consumer runs, or names it as a consumer."""
        if any(one in told for one in self.runs):
            return True
        marked = "eventconsumer" in told or "filtertoconsumer" in told
        return len(self.name) >= _SHORTEST and marked and self.name in told


def _signs(item: WmiSubscription, texts: Sequence[str]) -> _Signs:
    consumer = item.consumer
    name = "" if consumer is None else (consumer.text("Name") or "").lower()
    long = tuple(text.lower()[:200] for text in texts if len(text) >= _TOLD_LEAST)
    return _Signs(long[:_SIGNS] if runs_code(item) else (), name)


def _is_source(file: WmiSubscription, item: WmiSubscription) -> bool:
    """Whether a MOF file holds the subscription that the repository has."""
    if file.state != "mof" or item.state == "mof" or file.consumer is None:
        return False
    mine, theirs = item.consumer, file.consumer
    if mine is None or mine.class_name.lower() != theirs.class_name.lower():
        return False
    wanted = {v.text for v in theirs.values if v.type == "string" and v.text}
    return bool(wanted) and wanted <= {v.text for v in mine.values}
