"""The survey in whole arrays: each level of the tree is a handful of numpy operations.

All fields of all records lie on words of 4 bytes, so one view of the bins as words serves for
everything: the cell at byte c has its size in word c/4, and its record begins in the word behind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.parsers.regf.cells import NONE, Cells
from triage.parsers.regf.records import LONG_NAME
from triage.parsers.regf.survey import DEPTH_MAX, OTHER_PARENT, Survey

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Words = NDArray[np.uint32]

_NK, _VK, LF, LH, LI, RI = (int.from_bytes(sig, "little") for sig in
    (b"nk", b"vk", b"lf", b"lh", b"li", b"ri"))  # fmt: skip
_NK_LEAST, _VK_LEAST, _LIST_LEAST = 76, 20, 4
# Words of a key's record.
PARENT, SUBKEYS, SUBKEY_LIST, VALUES, VALUE_LIST, SECURITY, CLASS, NAME_SIZES = (
    4,
    5,
    7,
    9,
    10,
    11,
    12,
    18,
)
_NOTED_MAX = 32


def words_of(cells: Cells) -> Words:
    """The bins as words."""
    return np.frombuffer(cells.buffer, dtype="<u4", count=cells.limit // 4)


@dataclass(slots=True)
class Field:
    """The bins, and which cells of each kind were met; one slot stands for 8 bytes."""

    cells: Cells
    words: Words
    slots: NDArray[np.int32]

    def spans(self, found: Ints) -> tuple[Ints, Ints, Bools]:
        """Where the contents of cells begin and end, and which of them are there at all."""
        inside = (found & 7 == 0) & (found <= self.cells.limit - 8)
        self.note(found[~inside], "a reference leads outside the bins or between cells")
        place = np.where(inside, found, 0)
        sizes = self.words[place >> 2].view(np.int32).astype(np.int64)
        self.note(place[inside & (sizes >= 0)], "a reference leads to a free cell")
        ends = place + np.abs(sizes)
        self.note(place[inside & (ends > self.cells.limit)], "a cell is longer than the bins")
        ends = np.minimum(ends, self.cells.limit)
        starts = place + self.cells.head
        return starts, ends, inside & (starts < ends)

    def note(self, places: Ints, text: str) -> None:
        for place in places[:_NOTED_MAX].tolist():
            self.cells.note(min(place, self.cells.limit), text)

    def records(self, found: Ints, signature: int, least: int, missing: str) -> Bools:
        """Which cells hold a record with this signature and at least this many bytes."""
        starts, ends, there = self.spans(found)
        room = there & (ends - starts >= least)
        heads = self.words[np.where(room, starts, 0) >> 2] & 0xFFFF
        right: Bools = room & (heads == signature)
        self.note(found[there & ~right], missing)
        return right

    def firsts(self, found: Ints) -> Bools:
        """Which of these are met for the first time (in this array, and ever)."""
        inside = found < self.cells.limit
        place = np.where(inside, found, 0) >> 3
        fresh = inside & (self.slots[place] == 0)
        order = np.arange(1, len(found) + 1, dtype=np.int32)
        mine = place[fresh]
        self.slots[mine[::-1]] = -order[fresh][::-1]
        first: Bools = fresh & (self.slots[place] == -order)
        # What was met keeps a mark that no later order can equal.
        self.slots[mine] = 1
        self.note(found[inside & ~first], "two lists name the same record")
        return first | ~inside


def field(cells: Cells, words: Words) -> Field:
    return Field(cells, words, np.zeros((cells.limit >> 3) + 1, dtype=np.int32))


def survey(cells: Cells, root: int) -> Survey:
    """The survey from a root key's cell."""
    words = words_of(cells)
    keys, lists = field(cells, words), field(cells, words)
    level = np.array([root], dtype=np.int64)
    keep = keys.records(level, _NK, _NK_LEAST, "no key where one belongs")
    keys.firsts(level)
    if not keep.all():
        return Survey([root], [-1], [], [])
    found, parents, base = [level], [np.array([-1], dtype=np.int64)], 0
    for _ in range(DEPTH_MAX):
        cells_below, above = _below(keys, lists, level)
        fresh = keys.firsts(cells_below)
        cells_below, above = cells_below[fresh], above[fresh]
        right = keys.records(cells_below, _NK, _NK_LEAST, "no key where one belongs")
        below, above = cells_below[right], above[right]
        named = words.take((below + cells.head >> 2) + PARENT)
        keys.note(below[named != level[above]], OTHER_PARENT)
        parents.append(above + base)
        base += len(level)
        level = below
        if not len(level):
            break
        found.append(level)
    else:
        keys.note(level[:1], "keys lie deeper than Windows allows")
    all_keys = np.concatenate(found)
    _note_names(keys, all_keys)
    values, owners = _values(keys, lists, all_keys)
    return Survey(all_keys, np.concatenate(parents)[: len(all_keys)], values, owners)


def _note_names(keys: Field, found: Ints) -> None:
    starts, ends, _ = keys.spans(found)
    names = (keys.words.take((starts >> 2) + NAME_SIZES) & 0xFFFF).astype(np.int64)
    keys.note((starts + _NK_LEAST)[starts + _NK_LEAST + names > ends], LONG_NAME)


def _below(keys: Field, lists: Field, level: Ints) -> tuple[Ints, Ints]:
    """The cells of the keys below a level, and above each its place in the level."""
    record = (level + keys.cells.head) >> 2
    listed = keys.words[record + SUBKEY_LIST].astype(np.int64)
    owners = np.flatnonzero((keys.words[record + SUBKEYS] != 0) & (listed != NONE))
    heads, owners = listed[owners], owners
    first = lists.firsts(heads)
    heads, owners = heads[first], owners[first]
    kinds, starts, counts = list_heads(lists, heads)
    index = kinds == RI
    if index.any():
        # Lists of lists: put the leaves in their place, in order.
        leaves, of = expand(lists.words, starts[index], counts[index], np.ones(index.sum(), int))
        of = np.flatnonzero(index)[of]
        first = lists.firsts(leaves)
        heads = np.concatenate([heads[~index], leaves[first]])
        of = np.concatenate([np.flatnonzero(~index), of[first]])
        order = np.argsort(of, kind="stable")
        heads, owners = heads[order], owners[of[order]]
        kinds, starts, counts = list_heads(lists, heads)
        lists.note(heads[kinds == RI], "a list of lists holds a list of lists")
    steps = np.where(kinds == LI, 1, 2)
    leaf = (kinds != 0) & (kinds != RI)
    below, of = expand(lists.words, starts[leaf], counts[leaf], steps[leaf])
    return below, owners[leaf][of]


def list_heads(field: Field, heads: Ints) -> tuple[Ints, Ints, Ints]:
    """Of each list its kind (0: none), the word where it begins, and how many it names."""
    starts, ends, there = field.spans(heads)
    there &= ends - starts >= _LIST_LEAST
    head = field.words[np.where(there, starts, 0) >> 2].astype(np.int64)
    kinds = np.where(there, head & 0xFFFF, 0)
    known = (kinds == LF) | (kinds == LH) | (kinds == LI) | (kinds == RI)
    field.note(heads[there & ~known], "no list of subkeys where one belongs")
    kinds[~known] = 0
    steps = np.where((kinds == LF) | (kinds == LH), 2, 1)
    room = (ends - starts - _LIST_LEAST) // (4 * steps)
    field.note(heads[known & (head >> 16 > room)], "a list is longer than its cell")
    return kinds, (starts >> 2) + 1, np.where(known, np.minimum(head >> 16, room), 0)


def expand(words: Words, starts: Ints, counts: Ints, steps: Ints) -> tuple[Ints, Ints]:
    """The words of lists, one behind the other, and for each the place of its list."""
    of = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    return words[starts[of] + within * steps[of]].astype(np.int64), of


def _values(keys: Field, lists: Field, found: Ints) -> tuple[Ints, Ints]:
    """The cells of all values, and for each the place of its key."""
    record = (found + keys.cells.head) >> 2
    counts = keys.words[record + VALUES].astype(np.int64)
    owners = np.flatnonzero(counts)
    heads, counts = keys.words[record[owners] + VALUE_LIST].astype(np.int64), counts[owners]
    lists.slots[:] = 0
    first = lists.firsts(heads)
    heads, counts, owners = heads[first], counts[first], owners[first]
    starts, ends, there = lists.spans(heads)
    room = np.where(there, (ends - starts) >> 2, 0)
    lists.note(heads[there & (counts > room)], "a list is longer than its cell")
    counts = np.minimum(counts, room)
    values, of = expand(keys.words, starts >> 2, counts, np.ones(len(counts), dtype=np.int64))
    keys.slots[:] = 0
    first = keys.firsts(values)
    values, of = values[first], of[first]
    right = keys.records(values, _VK, _VK_LEAST, "no value where one belongs")
    return values[right], owners[of[right]]
