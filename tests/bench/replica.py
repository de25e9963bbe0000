"""A large hive for benchmarks: a real one several times over, below a new root key."""

from __future__ import annotations

import struct

import numpy as np

from tests.regf.builder import Key, base_block, build
from triage.parsers.regf import layout, records, survey_arrays
from triage.parsers.regf.cells import NONE, Cells
from triage.parsers.regf.header import SIZE, parse_base_block


def replicate(data: bytes, times: int) -> bytes:
    """A hive whose root has ``times`` subkeys, each a whole copy of the hive's tree."""
    block = parse_base_block(data)
    assert block is not None
    # What lies behind the bins that the base block counts is of an earlier hive.
    bins = data[SIZE : SIZE + block.bins_size]
    places = _references(Cells(data[: SIZE + block.bins_size], SIZE, block.minor), block.root)
    # The root comes first, so that the copies stay where they are when it is rewritten.
    root = build(Key("ROOT", keys=[Key(f"copy{number}") for number in range(times)]))
    head = parse_base_block(root)
    assert head is not None
    parts = [bytearray(root[SIZE:])]
    for number in range(times):
        shift = len(parts[0]) + number * len(bins)
        parts.append(_moved(bins, places, shift, block.root, head.root))
    cells = Cells(root, SIZE, block.minor)
    node = records.node(cells, head.root)
    assert node is not None
    for number in range(times):
        at = node.subkey_list + 8 + 8 * number
        struct.pack_into("<I", parts[0], at, len(parts[0]) + number * len(bins) + block.root)
    image = b"".join(parts)
    return base_block(len(image), head.root, "REPLICA") + image


def _references(cells: Cells, root: int) -> np.ndarray:
    """The words of the bins that are places of cells (in words), and those of bins."""
    survey = survey_arrays.survey(cells, root)
    words = survey_arrays.words_of(cells)
    keys, values = (np.asarray(some) for some in (survey.keys, survey.values))
    key, value = (keys + cells.head) >> 2, (values + cells.head) >> 2
    found = [key + n for n in (4, 7, 10, 11, 12)]
    sizes = words[value + 1]
    found.append((value + 2)[(sizes > 0) & (sizes < records.RESIDENT)])
    lists = np.flatnonzero(words[key + 9])
    counts, starts = (
        words[key + 9][lists].astype(int),
        (words[key + 10][lists].astype(int) >> 2) + 1,
    )
    of = np.repeat(np.arange(len(counts)), counts)
    found.append(starts[of] + np.arange(len(of)) - (np.cumsum(counts) - counts)[of])
    found.append(np.array(list(_of_lists(cells, words, key)), dtype=np.int64))
    found.append(np.array(list(_of_big(cells, values)), dtype=np.int64))
    places = np.unique(np.concatenate(found))
    hbins = np.array([at + 4 >> 2 for at, _ in layout.bins(cells)[0]])
    return np.concatenate([places[words[places] != NONE], hbins])


def _of_lists(cells: Cells, words: np.ndarray, key: np.ndarray) -> list[int]:
    found = []
    for head in np.unique(words[key + 7][words[key + 5] != 0]).tolist():
        for cell, size in records.list_sizes(cells, head):
            step = 2 if bytes(cells.buffer[cell + 4 : cell + 6]) in (b"lf", b"lh") else 1
            found += range((cell >> 2) + 2, (cell + 4 + size) >> 2, step)
    return found


def _of_big(cells: Cells, values: np.ndarray) -> list[int]:
    found = []
    for cell in values.tolist():
        entry = records.entry(cells, cell)
        parts = (
            []
            if entry is None or entry.size <= records.SEGMENT
            else records.data_cells(cells, entry)
        )
        if len(parts) > 1:
            listed, used = parts[1]
            found += [(parts[0][0] >> 2) + 2, *range((listed >> 2) + 1, used >> 2)]
    return found


def _moved(bins: bytes, places: np.ndarray, shift: int, root: int, parent: int) -> bytearray:
    moved = bytearray(bins)
    words = np.frombuffer(moved, dtype="<u4")
    words[places] += np.uint32(shift)
    # What was a root is a key like others now.
    at = root + 4
    flags = struct.unpack_from("<H", moved, at + 2)[0] & ~0x0C
    struct.pack_into("<H", moved, at + 2, flags)
    struct.pack_into("<I", moved, at + 16, parent)
    return moved
