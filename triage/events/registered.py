"""Who may write events: the sources and providers that an image's Registry registers.

A classic source is a key below its log in ``Services\\EventLog``, a provider with a manifest one
below ``WINEVT\\Publishers``. Windows writes events of anybody else, too, with no words to them: a
store needs no registration, a product always has one, until it is removed.

Source: Microsoft, "Eventlog Key", "Writing an Instrumentation Manifest".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triage.evidence import Root
from triage.model import Gap
from triage.parsers.regf import Hive, Key

if TYPE_CHECKING:
    from triage.registry.hives import Mounted

_PUBLISHERS = "Microsoft\\Windows\\CurrentVersion\\WINEVT\\Publishers"
_MACHINE = {"system", "software"}
_NAMES_MAX = 100_000


def registered(root: Root) -> frozenset[str] | None:
    """The names in lower case, ``None`` where not both hives of the machine can be read."""
    from triage.registry.places import hive_files
    from triage.registry.workers import opened

    found: set[str] = set()
    kinds = set()
    for file in hive_files(root):
        if file.path.rpartition("/")[2].lower() not in _MACHINE:
            continue
        steps = opened(root, file, {}, quiet=True)
        at = _result(steps)
        if at is None or at.copy or at.kind not in _MACHINE or at.kind in kinds:
            continue
        kinds.add(at.kind)
        names = _sources(at.hive) if at.kind == "system" else _providers(at.hive)
        for name in names:
            if len(found) < _NAMES_MAX:
                found.add(name.lower())
    return frozenset(found) if kinds == _MACHINE else None


def _sources(hive: Hive) -> Iterator[str]:
    """Every source of every log, in every control set; the log itself is a source, too."""
    for control_set in hive.subkeys(hive.root):
        if not control_set.name.lower().startswith("controlset"):
            continue
        logs = hive.key(f"{control_set.name}\\Services\\EventLog")
        for log in () if logs is None else hive.subkeys(logs):
            yield log.name
            for source in hive.subkeys(log):
                yield source.name


def _providers(hive: Hive) -> Iterator[str]:
    publishers = hive.key(_PUBLISHERS)
    for one in () if publishers is None else hive.subkeys(publishers):
        name = _default(hive, one)
        if name:
            yield name


def _default(hive: Hive, key: Key) -> str | None:
    from triage.registry.hives import text_value

    return text_value(hive, key, "")


def _result(steps: Iterator[Gap]) -> Mounted | None:
    """The hive that a generator of gaps ends with; the collector of hives tells the gaps."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            at: Mounted | None = end.value[1]
            return at
