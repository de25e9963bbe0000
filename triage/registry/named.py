"""Values that a loader names and that are nothing by themselves; chains go two steps."""

from __future__ import annotations

from collections.abc import Iterator

from triage.model import Artifact, Gap
from triage.model.windows import RegistryRead
from triage.parsers.regf import Hive, Key, Value
from triage.registry.looking import LEAST
from triage.registry.merging import Merged
from triage.registry.reading import Reader
from triage.registry.workers import Work, opened

_STEPS = 2


def named_values(work: Work, merged: Merged) -> Iterator[Artifact | Gap]:
    """The values that something on the image reads and that were not told yet."""
    for _ in range(_STEPS):
        before = len(merged.wanted)
        for one in work.hives:
            asked = _asked(merged, one.prefix)
            if one.copy or not asked:
                continue
            _, at = yield from opened(work.root, one.file, dict(work.sids), quiet=False)
            if at is None:
                continue
            reader = Reader(at, work.root.locate(one.file.path), work.limits, work.names)
            for read, runs in asked:
                yield from _of_read(reader, at.hive, one.prefix, read, runs, merged)
        if len(merged.wanted) == before:
            return


def _asked(merged: Merged, prefix: str) -> list[tuple[RegistryRead, bool]]:
    """What is read of the hive that is mounted there."""
    low = prefix.lower()
    return [
        (one, runs)
        for one, runs in merged.wanted.items()
        if one.key.lower() == low or one.key.lower().startswith(f"{low}\\")
    ]


def _of_read(
    reader: Reader, hive: Hive, prefix: str, read: RegistryRead, runs: bool, merged: Merged
) -> Iterator[Artifact]:
    key = hive.key(read.key[len(prefix) + 1 :])
    if key is None:
        return
    for value in hive.values(key):
        if read.value is not None and value.name.lower() != read.value.lower():
            continue
        mark = (f"{prefix}\\{key.path}".lower().rstrip("\\"), value.name.lower())
        if mark in merged.told or not _deserves(reader, key, value, read):
            continue
        made = reader.named(key, value, "run-by-a-loader" if runs else "read-by-a-loader")
        kept = merged.add(made, copy=False)
        if kept is not None:
            yield kept


def _deserves(reader: Reader, key: Key, value: Value, read: RegistryRead) -> bool:
    """A value that is named, or one of a named key that is more than a setting."""
    if value.size < LEAST:
        return False
    return read.value is not None or reader.is_more_than_a_setting(key, value)
