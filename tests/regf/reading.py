"""How tests read a hive: everything of it, the one way or the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import pytest

from triage.parsers.regf import Hive, Key, survey

Row = tuple[str, str, int, str]
WAYS = ("records", "arrays")


@contextmanager
def way(name: str) -> Iterator[None]:
    """Read by records, or in whole arrays whatever the size; skips without numpy."""
    if name == "arrays":
        pytest.importorskip("numpy", reason="the windows extra is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survey, "by_arrays", lambda cells: name == "arrays")
        yield


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def live(hive: Hive) -> list[Row]:
    """Every value of the tree: path, name, type, hash of its data."""
    return [(k.path, v.name, v.type, digest(v.data)) for k, vs in hive.walk() for v in vs]


def everything(hive: Hive) -> list[object]:
    """All that a hive can be asked for, in plain values."""
    found: list[object] = [*live(hive)]
    for key, values in hive.walk():
        found.append((key.path, key.flags, key.last_write, key.class_name, key.symlink, key.state))
        found += [(v.offset, v.size, v.flags, v.state) for v in values]
    # Asked one by one, keys that share a list each give all of it: only some are asked.
    for key, _ in islice(hive.walk(), 20):
        found += [k.name for k in hive.subkeys(key)] + [v.name for v in hive.values(key)]
    for item in hive.deleted():
        data = b"" if isinstance(item, Key) else item.data
        found.append((item.offset, item.state, item.path, item.name, data))
    for value in [*hive.sift(), *hive.sift_deleted()]:
        looks = value.looks
        found.append((value.path, value.name, looks[:-1], round(looks.entropy, 9)))
    found += [(r.offset, r.kind, r.data) for r in hive.remnants()]
    found += [key.path for key in hive.sift_keys()]
    found += [(data, key.path, count) for data, key, count in hive.descriptors()]
    return found
