"""What the registry names in WMI: autostarts and values that ask for a class, or start the same.

What a subscription names in the registry is found with the registry's own commands, by
:mod:`triage.registry.links`; this is the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from triage.links.ties import Judged, Tie, harmful_of
from triage.model.windows import AutostartItem, RegistryValue, WmiObject, WmiSubscription
from triage.predicates.wmi_consumers import texts_of
from triage.subjects import subject_id
from triage.wmi.links import MOST, files_in, is_named, stores_in

_WMI = re.compile(r"wmi|\bcim|winmgmts|root[\\/]", re.IGNORECASE)
_STARTS = "chain: an autostart names a WMI class that holds data"


def registry_ties(judged: Sequence[Judged]) -> Iterator[Tie]:
    """Every tie from the registry's subjects to WMI's, in the order of the input."""
    harmful = harmful_of(judged)
    stores = stores_in(harmful)
    by_file: dict[str, list[str]] = {}
    for artifact in harmful:
        if isinstance(artifact, AutostartItem):
            yield from _names(artifact, (artifact.command, *artifact.scripts), stores, _STARTS)
            for file in files_in((artifact.program, *artifact.targets)):
                by_file.setdefault(file, []).append(subject_id(artifact))
        elif isinstance(artifact, RegistryValue):
            yield from _names(artifact, (artifact.text or "",), stores, "")
    for item in [a for a in harmful if isinstance(a, WmiSubscription)][:MOST]:
        if item.consumer is not None:
            for file in sorted(files_in(tuple(texts_of(item.consumer)))):
                for other in by_file.get(file, ()):
                    relation = "starts the same file as"
                    yield Tie(subject_id(item), relation, other, relation)


def _names(
    artifact: AutostartItem | RegistryValue,
    texts: Sequence[str],
    stores: Sequence[WmiObject],
    chain: str,
) -> Iterator[Tie]:
    """Text that asks WMI for a class that holds something."""
    if not any(_WMI.search(text) for text in texts):
        return
    for store in stores:
        if is_named(store.class_name, texts):
            yield Tie(subject_id(artifact), "names", subject_id(store), "is named by", chain)
