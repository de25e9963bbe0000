"""Which keys of a large hive deserve to be read as keys and values: all that can come to anything.

The judgement of one value or key is the business of the neighbours (``stores``, ``keys``,
``spread``). Here their conditions are asked of the whole hive at once, over arrays, and never more
strictly than they ask: what is left out here could not have become a finding there.
"""

from __future__ import annotations

import re

import numpy as np

from triage.parsers.regf import Hive
from triage.parsers.regf.columns_arrays import Columns, marked
from triage.parsers.regf.survey_arrays import Bools, Ints
from triage.registry import families, security
from triage.registry.choosing_values import Seen, look
from triage.registry.keys import (
    CLASS_LEAST,
    MANY,
    PIECE_SIZE,
    PIECES,
    RANDOM_LEAST,
    RANDOM_TOTAL,
    SECOND,
)
from triage.registry.names import NAME_LEAST, traits_of_name
from triage.registry.notation import general
from triage.registry.spread import CHUNK, CUT, KEYS_MOST, NUMBERS_LEAST, TELLING, TOTAL
from triage.registry.stores import NUMBERS, PIECE, STRONG_NAMES

#: FILETIMEs of the years between which a key of any Windows was written.
_EARLIEST, _LATEST = 124_332_960_000_000_000, 151_156_800_000_000_000
_BINARY = 3


def chosen(hive: Hive, columns: Columns, kind: str) -> list[int]:
    """The places of the keys, ascending."""
    values = look(columns)
    total = len(columns.parents)
    wanted = marked(values.telling | _odd_values(columns), columns.owners, total)
    wanted |= _odd_keys(columns)
    wanted |= _locked(hive, columns)
    wanted |= _grouped(columns, values, total)
    wanted |= _counted(columns, kind, total)
    wanted[_of_families(columns, kind)] = True
    places: list[int] = np.flatnonzero(wanted).tolist()
    return places


def _odd_values(columns: Columns) -> Bools:
    """Values whose name hides something, and numbers that are no numbers."""
    odd: Bools = np.isin(columns.types, list(NUMBERS)) & (columns.declared > 8)
    odd &= columns.sizes >= PIECE
    for place, name in columns.odd_values(NAME_LEAST):
        odd[place] |= not STRONG_NAMES.isdisjoint(traits_of_name(name))
    return odd


def _odd_keys(columns: Columns) -> Bools:
    """Keys whose name hides something, with class names, with times that no Windows saw."""
    times = columns.written
    odd: Bools = (times != 0) & ((times < _EARLIEST) | (times >= _LATEST))
    odd |= (times != 0) & (times % SECOND == 0)
    odd |= columns.class_sizes >= CLASS_LEAST
    for place, name in columns.odd_keys(NAME_LEAST):
        odd[place] |= any(trait != "long-name" for trait in traits_of_name(name))
    return odd


def _locked(hive: Hive, columns: Columns) -> Bools:
    """Keys whose security descriptor shuts somebody out; each descriptor is read once."""
    shut = [
        key.node.security
        for descriptor, key, _ in hive.descriptors()
        if security.shut_out(descriptor)
    ]
    found: Bools = np.isin(columns.security, shut)
    return found


def _grouped(columns: Columns, values: Seen, total: int) -> Bools:
    """Keys whose values may be parts of one thing, or whose siblings hold parts as they do."""
    owners, sizes = columns.owners, columns.sizes
    dense = np.bincount(owners[values.dense], minlength=total)
    bulk = np.bincount(owners, np.where(sizes >= PIECE, sizes, 0), minlength=total)
    large = np.bincount(owners[sizes >= CHUNK], minlength=total)
    parts = np.bincount(owners[sizes >= PIECE], minlength=total)
    pieces = np.bincount(owners[sizes >= TELLING], minlength=total)
    cut = (pieces >= CUT) & _of_one_size(owners, sizes, total)
    found: Bools = ((dense >= 2) | (large >= 2) | cut) & (bulk >= TOTAL)
    few = parts <= KEYS_MOST
    single = few & marked(values.dense & (sizes >= TELLING), owners, total)
    single &= columns.parents >= 0
    above = columns.parents[single]
    siblings = np.bincount(above, minlength=total)
    together = np.bincount(above, bulk[single], minlength=total)
    parents = (siblings >= 2) & (together >= TOTAL)
    found[np.flatnonzero(single)[parents[above]]] = True
    return found


def _of_one_size(owners: Ints, sizes: Ints, total: int) -> Bools:
    """Keys where at least seven values have the size that a middle one of them has."""
    pieces = np.flatnonzero(sizes >= TELLING)
    order = pieces[np.lexsort((sizes[pieces], owners[pieces]))]
    ends = order[CUT - 2 :], order[: len(order) - CUT + 2]
    same = (owners[ends[0]] == owners[ends[1]]) & (sizes[ends[0]] == sizes[ends[1]])
    found = np.zeros(total, np.bool_)
    found[owners[ends[0]][same]] = True
    return found


def _counted(columns: Columns, kind: str, total: int) -> Bools:
    """Keys with many values of one size, or many binary ones."""
    owners, sizes, counts = columns.owners, columns.declared, columns.counts
    pieces = np.bincount(owners[sizes >= PIECE_SIZE], minlength=total)
    found: Bools = (pieces >= PIECES) & (pieces * 10 >= counts * 8)
    numbers = np.bincount(owners[(sizes >= 4) & (sizes <= 8)], minlength=total)
    found |= (numbers >= NUMBERS_LEAST) & (numbers * 10 >= counts * 8)
    if kind in ("user", "software", "classes"):
        binary = (columns.types == _BINARY) & (sizes >= RANDOM_LEAST)
        many = np.bincount(owners[binary], minlength=total)
        bulk = np.bincount(owners[binary], sizes[binary], minlength=total)
        found |= (many >= MANY) & (many * 10 >= counts * 8) & (bulk >= RANDOM_TOTAL)
    return found


def _of_families(columns: Columns, kind: str) -> Ints:
    """Keys at places that known malware uses."""
    rows = families.rows(kind)
    if not rows:
        return np.empty(0, np.int64)
    whole = re.compile("|".join(f"(?:{row.key.pattern})" for row in rows))
    paths: list[str] = []
    for name, parent in zip(columns.key_names(), columns.parents.tolist(), strict=True):
        low = name.lower()
        if parent < 0:
            paths.append("")
        elif parent == 0:
            paths.append(general(low))
        else:
            paths.append(f"{paths[parent]}\\{low}")
    held = columns.counts > 0
    found = [n for n in np.flatnonzero(held).tolist() if whole.fullmatch(paths[n]) is not None]
    return np.array(found, np.int64)
