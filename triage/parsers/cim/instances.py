"""Instances: the values of one object, decoded by the properties of its class.

A record holds the hash of the class's name, two times, and the instance part: size, flags, name
reference, state bits and values (laid out as the class says, inherited properties included),
qualifiers, heap. Names and types are only in the class and its superclasses.

Source: [MS-WMIO] 2.2.53 to 2.2.58; libyal/dtformats, "WMI repository file format", instance.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence
from dataclasses import field

from triage.parsers import Malformed
from triage.parsers.cim.definitions import ClassDefinition, Property
from triage.parsers.cim.values import Heap, Value, decode
from triage.records import dataclass

_HEADER = struct.Struct("<QQIBI")
_WORD = struct.Struct("<I")
_HEXADECIMAL = frozenset(b"0123456789ABCDEF")


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """How the values of a class's instances lie: its properties, inherited ones included.

    ``total`` counts the properties that have state bits, ``table_size`` the bytes of state bits
    and values. ``defaults`` are the values that an instance may inherit, by order. ``chain`` is
    the class after its superclasses.
    """

    name: str
    properties: tuple[Property, ...]
    total: int
    table_size: int
    defaults: dict[int, Value]
    chain: tuple[ClassDefinition, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Instance:
    """One object. Times are FILETIMEs; ``values`` go with the layout's properties, in order.

    ``damaged`` names what could not be read of it.
    """

    class_hash: str
    modified: int
    created: int
    layout: Layout
    values: tuple[Value, ...]
    damaged: tuple[str, ...] = ()

    def value(self, name: str) -> Value:
        """The value of a property by its name, in any letter case; None when it has none."""
        wanted = name.lower()
        for one, value in zip(self.layout.properties, self.values, strict=True):
            if one.name.lower() == wanted:
                return value
        return None


def class_hash(data: bytes, *, modern: bool) -> str | None:
    """The hash of the class that an instance's record begins with; ``None`` if it is none."""
    size = 128 if modern else 64
    head = data[:size]
    if len(head) < size or head[1::2].strip(b"\0") or not _HEXADECIMAL.issuperset(head[::2]):
        return None
    return head[::2].decode("ascii")


def parse_instance(data: bytes, layout: Layout, *, modern: bool) -> Instance:
    """Read the record of an instance by its class; raises :class:`Malformed`."""
    digest = class_hash(data, modern=modern)
    if digest is None:
        raise Malformed("no instance: it does not begin with the hash of a class")
    start = 2 * len(digest)
    try:
        first, second, size, _, _ = _HEADER.unpack_from(data, start)
        table = start + _HEADER.size
        heap = _heap(data, table + layout.table_size, layout.total, start + 16 + size)
    except struct.error as error:
        raise Malformed(f"no instance: {error}") from error
    states = table + (layout.total + 3) // 4
    values, damaged = _values(data, table, states, layout, heap)
    return Instance(digest, first, second, layout, values, damaged)


def parse_head(data: bytes, layout: Layout, *, modern: bool) -> Instance:
    """The class and the times alone, where the class is not known; raises :class:`Malformed`."""
    digest = class_hash(data, modern=modern)
    if digest is None:
        raise Malformed("no instance: it does not begin with the hash of a class")
    try:
        first, second, _, _, _ = _HEADER.unpack_from(data, 2 * len(digest))
    except struct.error as error:
        raise Malformed(f"no instance: {error}") from error
    return Instance(digest, first, second, layout, ())


def _heap(data: bytes, at: int, total: int, end: int) -> Heap:
    """The heap behind the qualifiers; ``end`` is where the instance part says it ends."""
    at += _WORD.unpack_from(data, at)[0]
    flag = data[at] if at < len(data) else 0
    at += 1
    if flag == 2:
        # A qualifier set for each property.
        for _ in range(total):
            size = _WORD.unpack_from(data, at)[0]
            if size < 4:
                raise Malformed("no instance: a qualifier set shorter than its own length")
            at += size
    elif flag != 1:
        raise Malformed(f"no instance: its qualifiers are marked {flag:#x}")
    size = _WORD.unpack_from(data, at)[0] & 0x7FFFFFFF
    if at + 4 + size > len(data):
        raise Malformed("no instance: its heap is larger than its record")
    if at + 4 + size != end:
        raise Malformed("no instance: its parts do not add up to its size")
    return Heap(data, at + 4, size)


def _values(
    data: bytes, table: int, values_at: int, layout: Layout, heap: Heap
) -> tuple[tuple[Value, ...], tuple[str, ...]]:
    found: list[Value] = []
    damaged: list[str] = []
    for one in layout.properties:
        order = one.order
        value: Value = None
        if table + (order >> 2) >= len(data):
            damaged.append(f"{one.name}: its state lies behind the record")
            found.append(None)
            continue
        state = data[table + (order >> 2)] >> (order & 3) * 2
        if state & 2:
            value = layout.defaults.get(order)
        elif not state & 1:
            try:
                value = decode(one.cim_type, data, values_at + one.offset, heap)
            except Malformed as error:
                damaged.append(f"{one.name}: {error}")
        found.append(value)
    return tuple(found), tuple(damaged)


def build_layout(chain: Sequence[ClassDefinition], defaults: dict[int, Value]) -> Layout:
    """Merge the properties of a class and its superclasses, the class's own last.

    A property that a subclass overrides keeps its order; the subclass's word counts.
    """
    merged = {one.order: one for definition in chain for one in definition.properties}
    total = 1 + max(merged, default=-1)
    ordered = tuple(merged[order] for order in sorted(merged))
    own = chain[-1]
    return Layout(own.name, ordered, total, own.table_size, defaults, tuple(chain))


def extent(data: bytes, *, modern: bool) -> int:
    """Where the record of an instance says it ends; raises :class:`Malformed`."""
    start = 128 if modern else 64
    try:
        return start + 16 + int(_WORD.unpack_from(data, start + 16)[0])
    except struct.error as error:
        raise Malformed("no instance: it ends in its head") from error
