"""Class definitions: the properties of a class with types and defaults, qualifiers, methods.

A record holds the superclass's name, a time, the class part (header, qualifiers, table of the
class's own and overridden properties, defaults, heap) and the methods part. The class part is
that of [MS-WMIO] 2.2.15, except that inherited properties stay with the superclass; the defaults'
table has room for all of them.

Source: [MS-WMIO] 2.2.12 to 2.2.40; libyal/dtformats, "WMI repository file format", class
definition.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from triage.parsers import Malformed
from triage.parsers.cim.values import Heap, Value, decode, type_name, width
from triage.records import dataclass

_HEADER = struct.Struct("<QIBII")
_INFO = struct.Struct("<IHIII")
_QUALIFIER = struct.Struct("<IBI")
_WORD = struct.Struct("<I")
_PROPERTIES_MAX = 1 << 14
_NAME_MAX = 1 << 12


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a class. ``order`` numbers it among all, inherited ones included.

    ``offset`` is its place in the table of values; ``origin`` counts the classes above the one
    that declared it. ``qualifiers_at`` is the place of its qualifier set in the record.
    """

    name: str
    cim_type: int
    order: int
    offset: int
    origin: int
    qualifiers_at: int

    @property
    def type(self) -> str:
        return type_name(self.cim_type)


@dataclass(frozen=True, slots=True)
class ClassDefinition:
    """One class. ``written`` is a FILETIME; the table of ``table_size`` bytes at ``table_at`` has
    the state bits and default values, as that of an instance has its values; ``heap`` is the
    start and size of the heap. ``damaged`` names what could not be read of it.
    """

    name: str
    superclass: str
    written: int
    properties: tuple[Property, ...]
    data: bytes
    qualifiers_at: int
    table_at: int
    table_size: int
    heap: tuple[int, int]
    methods_at: int
    damaged: tuple[str, ...] = ()


def parse_definition(data: bytes) -> ClassDefinition:
    """Read the record of a class definition; raises :class:`Malformed`."""
    try:
        return _parse(data)
    except (struct.error, UnicodeDecodeError) as error:
        raise Malformed(f"no class definition: {error}") from error


def _parse(data: bytes) -> ClassDefinition:
    length = _WORD.unpack_from(data)[0]
    if length > _NAME_MAX:
        raise Malformed(f"no class definition: a superclass name of {length} characters")
    at = 4 + 2 * length
    superclass = data[4:at].decode("utf-16-le")
    written, size, _, name_reference, table_size = _HEADER.unpack_from(data, at)
    begin = at + 8
    at += _HEADER.size
    at += _sized(data, at)
    qualifiers_at = at
    at += _sized(data, at)
    count = _WORD.unpack_from(data, at)[0]
    if count > _PROPERTIES_MAX:
        raise Malformed(f"no class definition: {count} properties")
    lookup = at + 4
    table = lookup + 8 * count
    heap_at = table + table_size
    heap_size = _WORD.unpack_from(data, heap_at)[0] & 0x7FFFFFFF
    end = heap_at + 4 + heap_size
    if end > len(data) or end - begin != size:
        raise Malformed("no class definition: its parts do not add up to its size")
    heap = Heap(data, heap_at + 4, heap_size)
    rows = struct.unpack_from(f"<{2 * count}I", data, lookup)
    properties, damaged = _properties(data, rows, heap)
    return ClassDefinition(
        heap.string(name_reference), superclass, written, properties, data, qualifiers_at,
        table, table_size, (heap_at + 4, heap_size), end, damaged,
    )  # fmt: skip


def _sized(data: bytes, at: int) -> int:
    """The length of a part that says how long it is, itself included."""
    size: int = _WORD.unpack_from(data, at)[0]
    if size < 4 or at + size > len(data):
        raise Malformed(f"a part of {size} bytes does not fit")
    return size


def _properties(
    data: bytes, rows: tuple[int, ...], heap: Heap
) -> tuple[tuple[Property, ...], tuple[str, ...]]:
    found, damaged = [], []
    for number in range(0, len(rows), 2):
        try:
            place = heap.offset(rows[number + 1], _INFO.size)
            cim_type, order, offset, origin, _ = _INFO.unpack_from(data, place)
            name = heap.string(rows[number])
        except Malformed as error:
            damaged.append(f"property {number // 2}: {error}")
            continue
        place += _INFO.size - 4
        found.append(Property(name, cim_type, order, offset, origin, place))
    return tuple(found), tuple(damaged)


def has_defaults(definition: ClassDefinition) -> bool:
    """Whether any property of the class has a default value of its own: a cheap look."""
    data, table = definition.data, definition.table_at
    end = min(len(data), table + definition.table_size)
    return any(
        table + (one.order >> 2) < end
        and not data[table + (one.order >> 2)] >> (one.order & 3) * 2 & 3
        for one in definition.properties
    )


def defaults(definition: ClassDefinition, total: int) -> tuple[tuple[Property, Value], ...]:
    """The properties that have a default value of their own here, and that value.

    ``total`` is the number of properties, inherited ones included: two state bits for each
    precede the values. What cannot be read is left out. Raises nothing.
    """
    data, table = definition.data, definition.table_at
    values = table + (total + 3) // 4
    heap: Heap | None = None
    found = []
    for one in definition.properties:
        byte = table + (one.order >> 2)
        # Bit 0 says that there is no value, bit 1 that it is the superclass's.
        if byte >= len(data) or data[byte] >> (one.order & 3) * 2 & 3:
            continue
        heap = heap or Heap(data, *definition.heap)
        try:
            found.append((one, decode(one.cim_type, data, values + one.offset, heap)))
        except Malformed:
            continue
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Qualifier:
    """An annotation of a class, property or method: name and value."""

    name: str
    value: Value


def qualifiers(definition: ClassDefinition, at: int) -> tuple[Qualifier, ...]:
    """The qualifier set at a place of the record: that of the class, or of a property.

    What cannot be read ends the set; raises nothing.
    """
    return tuple(_qualifiers(definition.data, at, Heap(definition.data, *definition.heap)))


def _qualifiers(data: bytes, at: int, heap: Heap) -> Iterator[Qualifier]:
    try:
        end = at + _sized(data, at)
        at += 4
        while at + _QUALIFIER.size <= end:
            name, _, cim_type = _QUALIFIER.unpack_from(data, at)
            at += _QUALIFIER.size
            yield Qualifier(heap.string(name), decode(cim_type, data, at, heap))
            at += width(cim_type)
    except (Malformed, struct.error):
        return


def is_amended(definition: ClassDefinition) -> bool:
    """Whether a class is the translation of another one, as the ``ms_409`` namespaces hold them."""
    found = qualifiers(definition, definition.qualifiers_at)
    return any(one.name.lower() == "amendment" for one in found)


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a class: its qualifiers, and whether the class declares it."""

    name: str
    qualifiers: tuple[Qualifier, ...]


_METHODS = struct.Struct("<IHH")
_METHOD = struct.Struct("<IB3xIIII")


def methods(definition: ClassDefinition) -> tuple[Method, ...]:
    """The methods of a class; what cannot be read is left out. Raises nothing.

    The part is: size, count, padding, descriptions, heap.
    """
    data, at = definition.data, definition.methods_at
    try:
        _, count, _ = _METHODS.unpack_from(data, at)
        rows = [_METHOD.unpack_from(data, at + 8 + _METHOD.size * i) for i in range(count)]
        heap_at = at + 8 + _METHOD.size * count
        heap_size = _WORD.unpack_from(data, heap_at)[0] & 0x7FFFFFFF
    except struct.error:
        return ()
    heap = Heap(data, heap_at + 4, heap_size)
    found = []
    for name, _, _, set_reference, _, _ in rows:
        try:
            place = heap.offset(set_reference, 4)
            found.append(Method(heap.string(name), tuple(_qualifiers(data, place, heap))))
        except Malformed:
            continue
    return tuple(found)


def extent(definition: ClassDefinition) -> int:
    """Where the record of a class ends: behind its methods part."""
    try:
        return definition.methods_at + _sized(definition.data, definition.methods_at)
    except (Malformed, struct.error):
        return definition.methods_at
