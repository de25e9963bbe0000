"""The survey: every key and value that the root leads to, each once, level by level.

A key, a value or a list is taken where it is met first and never again, so that circles end and
a graph in which 2^40 paths lead to the leaves costs what its records cost. What lies deeper than
Windows allows is left out here; it is found with what nothing leads to.

Two ways, one result: whole arrays (``survey_arrays``) where the hive is large and numpy is there,
one record after the other (:func:`by_records`) elsewhere.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from triage.parsers.regf import records
from triage.parsers.regf.cells import Cells
from triage.records import dataclass

OTHER_PARENT = "a key names another parent than the one that it is below"

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Places: TypeAlias = list[int] | NDArray[np.int64]

# Windows refuses to open keys that lie deeper (512 levels).
DEPTH_MAX = 512
# Importing numpy costs 0.1 to 0.2 s of CPU, which smaller hives do not give back; once another
# hive has imported it, it pays much earlier.
_ARRAYS_FROM, _ARRAYS_FROM_THEN = 10 << 20, 512 << 10


@dataclass(frozen=True, slots=True)
class Survey:
    """Cells of keys and values. ``parents`` and ``owners`` are places in ``keys``.

    Parents come before their keys, and values in the order of their keys. The root's parent is
    -1. All are lists, or one-dimensional arrays of 64 bits.
    """

    keys: Places
    parents: Places
    values: Places
    owners: Places


@cache
def has_arrays() -> bool:
    """Whether numpy could be imported."""
    return importlib.util.find_spec("numpy") is not None


def by_arrays(cells: Cells) -> bool:
    """Whether whole arrays are the faster way for these bins, and can be had."""
    least = _ARRAYS_FROM_THEN if "numpy" in sys.modules else _ARRAYS_FROM
    return cells.limit >= least and has_arrays()


def take(cells: Cells, root: int, arrays: bool | None = None) -> Survey:
    """The survey from a root key's cell; ``arrays`` forces one way or the other."""
    if by_arrays(cells) if arrays is None else arrays:
        from triage.parsers.regf import survey_arrays

        return survey_arrays.survey(cells, root)
    return by_records(cells, root)


def by_records(cells: Cells, root: int) -> Survey:
    """The survey, one record after the other."""
    keys, parents, nodes = [root], [-1], [records.node(cells, root)]
    seen, lists = {root}, set[int]()
    start = 0
    for _ in range(DEPTH_MAX):
        stop = len(keys)
        for place in range(start, stop):
            node = nodes[place]
            if node is None:
                continue
            for cell in records.subkey_cells(cells, node, lists):
                child = _first(cells, cell, seen) and records.node(cells, cell)
                if child:
                    if child.parent != keys[place]:
                        cells.note(cell, OTHER_PARENT)
                    seen.add(cell)
                    keys.append(cell)
                    parents.append(place)
                    nodes.append(child)
        start = stop
    if start < len(keys):
        cells.note(keys[start], "keys lie deeper than Windows allows")
    return Survey(keys, parents, *_values(cells, nodes))


def _first(cells: Cells, cell: int, seen: set[int]) -> bool:
    if cell in seen:
        cells.note(cell, "two lists name the same record")
    return cell not in seen


def _values(cells: Cells, nodes: list[records.Node | None]) -> tuple[list[int], list[int]]:
    values: list[int] = []
    owners: list[int] = []
    seen: set[int] = set()
    lists: set[int] = set()
    for place, node in enumerate(nodes):
        if node is None or node.values == 0 or not _first(cells, node.value_list, lists):
            continue
        lists.add(node.value_list)
        for cell in records.value_cells(cells, node):
            if _first(cells, cell, seen) and records.is_value(cells, cell):
                seen.add(cell)
                values.append(cell)
                owners.append(place)
    return values, owners
