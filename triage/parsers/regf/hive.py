"""A whole hive: its facts, its tree, and what lies beside the tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from triage.parsers import Malformed
from triage.parsers.regf import records
from triage.parsers.regf.cells import NONE, Cells
from triage.parsers.regf.header import SIGNATURE, SIZE, BaseBlock, parse_base_block
from triage.parsers.regf.items import Anomaly, Key, Remnant, Value
from triage.parsers.regf.times import utc

_DEPTH_MAX = 512
_NO_NODE = records.Node(0, 0, 0, NONE, 0, NONE, 0, NONE, NONE, NONE, 0, "")
_DEFAULT_LEAST = 64
_ODD_TYPES = 12


class Hive:
    """One hive. Reading it raises nothing; ``anomalies`` grows as it is read.

    ``kind_hint`` is the file name that the base block holds, ``last_written`` its time (UTC,
    RFC 3339), ``dirty`` whether a write was not ended, ``replayed`` how many entries of its logs
    were applied.
    """

    def __init__(self, data: bytes | memoryview, block: BaseBlock, replayed: int = 0) -> None:
        self.kind_hint = block.name
        self.last_written = utc(block.written)
        self.dirty = block.dirty
        self.replayed = replayed
        self._block = block
        self._cells = Cells(data, SIZE, block.minor)
        node = records.node(self._cells, block.root)
        self.root = Key(self._cells, node or _NO_NODE, None)

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """What is wrong in the hive, as far as it was read: by offset, bounded."""
        base = self._cells.base
        return tuple(Anomaly(base + at, text) for at, text in sorted(self._cells.found))

    def subkeys(self, key: Key) -> Iterator[Key]:
        """The subkeys of a key, in the order of its list."""
        for cell in records.subkey_cells(self._cells, key.node):
            node = records.node(self._cells, cell)
            if node is not None:
                yield Key(self._cells, node, key, key.state)

    def values(self, key: Key) -> Iterator[Value]:
        """The values of a key, in the order of its list."""
        for cell in records.value_cells(self._cells, key.node):
            entry = records.entry(self._cells, cell)
            if entry is not None:
                yield Value(self._cells, entry, key, key.state)

    def key(self, path: str) -> Key | None:
        """The key at a path below the root key, in any letter case; links are not followed."""
        key = self.root
        for name in path.split("\\") if path else ():
            wanted = name.upper()
            found = next((k for k in self.subkeys(key) if k.name.upper() == wanted), None)
            if found is None:
                return None
            key = found
        return key

    def walk(self) -> Iterator[tuple[Key, tuple[Value, ...]]]:
        """Every key of the tree with its values, parents first; every record at most once."""
        seen: set[int] = {self.root.node.at}
        pending = [(self.root, 0)]
        while pending:
            key, depth = pending.pop()
            yield key, self._fresh_values(key, seen)
            fresh = []
            for child in self.subkeys(key) if depth < _DEPTH_MAX else ():
                if child.node.at in seen:
                    self._cells.note(child.node.at, "a key is named twice")
                    continue
                seen.add(child.node.at)
                fresh.append((child, depth + 1))
            pending += reversed(fresh)

    def _fresh_values(self, key: Key, seen: set[int]) -> tuple[Value, ...]:
        """Its values without those that were given before; a list is read for one key only."""
        if key.node.values == 0 or -key.node.value_list in seen:
            return ()
        seen.add(-key.node.value_list)
        values = [value for value in self.values(key) if value.entry.at not in seen]
        seen.update(value.entry.at for value in values)
        return tuple({value.entry.at: value for value in values}.values())

    def deleted(self) -> Iterator[Key | Value]:
        """Keys and values of free cells, of slack, and those that the tree does not lead to."""
        return iter(())

    def remnants(self, least: int = _DEFAULT_LEAST) -> Iterator[Remnant]:
        """Stretches of at least ``least`` bytes, not all zero, that are no key and no value."""
        return iter(())

    def sift(self, least: int = _DEFAULT_LEAST) -> Iterator[Value]:
        """Values with at least ``least`` bytes, and those whose name, type or length is odd."""
        for _, values in self.walk():
            for value in values:
                entry = value.entry
                if entry.size >= least or entry.type >= _ODD_TYPES or not entry.name.isprintable():
                    yield value


def open_hive(data: bytes | memoryview, logs: Sequence[bytes] = ()) -> Hive:
    """Open a hive; ``data`` is the whole file, ``logs`` are its transaction logs.

    Logs are replayed into memory. Raises :class:`Malformed` when there is no hive at all.
    """
    block = parse_base_block(data)
    if block is None or bytes(data[:4]) != SIGNATURE or len(data) <= SIZE:
        raise Malformed("no registry hive: no base block")
    return Hive(data, block)
