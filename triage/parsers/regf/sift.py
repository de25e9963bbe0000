"""The fast pass over a hive: which values are worth a look at their content.

Large hives are sifted in whole arrays (``sift_arrays``), others one value after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from triage.parsers.regf import records
from triage.parsers.regf.cells import Cells
from triage.parsers.regf.looks import Looks, look
from triage.parsers.regf.odd import is_odd_length, is_odd_name, is_odd_type

if TYPE_CHECKING:
    from triage.parsers.regf.survey import Places

SYMLINK = 0x10

Where = Callable[[Looks], Any]


def sift(
    cells: Cells, values: Places, least: int, where: Where | None
) -> Iterator[tuple[int, Looks]]:
    """Places in ``values`` that are worth a look, and how they look."""
    if isinstance(values, list):
        return by_records(cells, values, least, where)
    from triage.parsers.regf.sift_arrays import by_arrays, of_tree

    return by_arrays(of_tree(cells, values), least, where)


def by_records(
    cells: Cells, values: list[int], least: int, where: Where | None
) -> Iterator[tuple[int, Looks]]:
    """The same, one value after the other."""
    for place, cell in enumerate(values):
        entry = records.entry(cells, cell)
        if entry is None:
            continue
        looks = of_entry(cells, entry, least)
        if looks is not None and (where is None or where(looks)):
            yield place, looks


def of_entry(cells: Cells, entry: records.Entry, least: int) -> Looks | None:
    """How a value looks; ``None`` when it is neither large enough nor odd."""
    odd = is_odd_type(entry.type) or is_odd_name(entry.name)
    if not (odd or entry.size >= least or _is_odd_length(cells, entry)):
        return None
    data = records.data_of(cells, entry)
    odd = odd or is_odd_length(entry.type, entry.size, len(data))
    if len(data) < least and not odd:
        return None
    return look(data, entry.size, entry.type, odd)


def _is_odd_length(cells: Cells, entry: records.Entry) -> bool:
    there = min(entry.size, records.room(cells, entry)) if entry.size > 0 else 0
    return is_odd_length(entry.type, entry.size, there)


def sift_keys(cells: Cells, keys: Places) -> Iterator[int]:
    """Places of keys with an odd name, with a class name, and of symbolic links."""
    if isinstance(keys, list):
        nodes = (records.node(cells, cell) for cell in keys)
        for place, node in enumerate(nodes):
            if node is not None and (
                node.class_size or node.flags & SYMLINK or is_odd_name(node.name)
            ):
                yield place
        return
    from triage.parsers.regf.sift_arrays import keys_by_arrays

    yield from keys_by_arrays(cells, keys)


def shared_descriptors(cells: Cells, keys: Places) -> Iterator[tuple[int, int]]:
    """For each security cell the place of the first key that names it, and how many do."""
    if not isinstance(keys, list):
        from triage.parsers.regf.sift_arrays import descriptors_by_arrays

        yield from descriptors_by_arrays(cells, keys)
        return
    firsts: dict[int, int] = {}
    counts = Counter[int]()
    for place, cell in enumerate(keys):
        node = records.node(cells, cell)
        if node is not None:
            firsts.setdefault(node.security, place)
            counts[node.security] += 1
    for cell, place in firsts.items():
        yield place, counts[cell]
