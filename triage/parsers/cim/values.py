"""Values and their heap: the typed numbers, strings and arrays of classes and instances.

A fixed-size part holds numbers and references; a reference is an offset into the heap that
follows, or, with its highest bit set, the number of a built-in name. A string in the heap is a
flag byte (0: one byte a character, 1: UTF-16) and characters up to a zero.

Source: [MS-WMIO] 2.2.73 (Encoded-String), 2.2.71 (EncodedValue), 2.2.82 (CimType).
"""

from __future__ import annotations

import struct
from functools import cache
from typing import NoReturn

from triage.parsers import Malformed
from triage.parsers.cim.names import built_in

#: Text, numbers, truth values, bytes (arrays of uint8, embedded objects), arrays; None is NULL.
Value = str | int | float | bool | bytes | None | tuple["Value", ...]

ARRAY = 0x2000
BOOLEAN, OBJECT, UINT8 = 0x0B, 0x0D, 0x11
_NUMBERS = {
    0x02: "h", 0x03: "i", 0x04: "f", 0x05: "d", 0x0B: "h", 0x10: "b", 0x11: "B", 0x12: "H",
    0x13: "I", 0x14: "q", 0x15: "Q", 0x67: "H",
}  # fmt: skip
_TEXTS = frozenset({0x08, 0x65, 0x66})
_NAMES = {
    0x02: "sint16", 0x03: "sint32", 0x04: "real32", 0x05: "real64", 0x08: "string",
    0x0B: "boolean", 0x0D: "object", 0x10: "sint8", 0x11: "uint8", 0x12: "uint16",
    0x13: "uint32", 0x14: "sint64", 0x15: "uint64", 0x65: "datetime", 0x66: "reference",
    0x67: "char16",
}  # fmt: skip
_DECODERS = {kind: struct.Struct("<" + code) for kind, code in _NUMBERS.items()}
_WORD = struct.Struct("<I")
_BUILT_IN = 0x80000000


@cache
def type_name(cim_type: int) -> str:
    """The type as MOF writes it, with ``[]`` for an array."""
    name = _NAMES.get(cim_type & 0xFF, f"type {cim_type & 0xFF:#x}")
    return name + "[]" if cim_type & ARRAY else name


def type_of(value: Value) -> str:
    """The kind of a decoded value, where its CIM type is not at hand."""
    if isinstance(value, tuple):
        return f"{type_of(value[0])}[]" if value else "[]"
    names = {bool: "boolean", int: "number", float: "real64", str: "string", bytes: "bytes"}
    return "NULL" if value is None else names[type(value)]


@cache
def width(cim_type: int) -> int:
    """How many bytes the fixed-size part holds for a type; raises :class:`Malformed`."""
    kind = cim_type & 0xFF
    if cim_type & ARRAY or kind in _TEXTS or kind == OBJECT:
        return 4
    if kind not in _NUMBERS:
        raise Malformed(f"no CIM type {cim_type:#x}")
    return _DECODERS[kind].size


class Heap:
    """The variable-size part of one object: ``data[start : start + size]``.

    References may overlap, so a few thousand of them could ask for gigabytes: what was decoded is
    remembered, and the sum is bounded by a few times the heap.
    """

    __slots__ = ("_budget", "_data", "_end", "_seen", "_start")

    def __init__(self, data: bytes, start: int, size: int) -> None:
        self._data = data
        self._start = start
        self._end = min(len(data), start + size)
        self._seen: dict[int, str] = {}
        self._budget = 8 * size + 65536

    def _spend(self, size: int) -> None:
        self._budget -= size
        if self._budget < 0:
            raise Malformed("its references overlap and ask for more than the heap can hold")

    def string(self, reference: int) -> str:
        """The text that a reference leads to; raises :class:`Malformed`."""
        if reference >= _BUILT_IN:
            return built_in(reference & ~_BUILT_IN)
        known = self._seen.get(reference)
        if known is not None:
            return known
        at = self._start + reference
        if at >= self._end:
            self._outside(reference)
        flag = self._data[at]
        if flag == 0:
            end = self._data.find(0, at + 1, self._end)
            end = self._end if end < 0 else end
            self._spend(end - at)
            text = self._data[at + 1 : end].decode("latin-1")
        elif flag == 1:
            text = self._wide(at + 1)
        else:
            raise Malformed(f"a string at heap offset {reference} begins with {flag:#x}")
        self._seen[reference] = text
        return text

    def _wide(self, start: int) -> str:
        end = start
        while True:
            end = self._data.find(b"\0\0", end, self._end)
            if end < 0:
                end = self._end
                break
            if (end - start) % 2 == 0:
                break
            end += 1
        self._spend(end - start)
        return self._data[start:end].decode("utf-16-le", "surrogatepass")

    def _outside(self, reference: int) -> NoReturn:
        raise Malformed(f"a reference to {reference:#x} leads out of its heap")

    def word(self, reference: int) -> int:
        """The 32-bit number at an offset; raises :class:`Malformed`."""
        at = self._start + reference
        if at + 4 > self._end:
            self._outside(reference)
        number: int = _WORD.unpack_from(self._data, at)[0]
        return number

    def offset(self, reference: int, size: int) -> int:
        """Where in the record ``size`` bytes at a reference lie; raises :class:`Malformed`."""
        at = self._start + reference
        if reference >= _BUILT_IN or at + size > self._end:
            self._outside(reference)
        return at

    def blob(self, reference: int) -> bytes:
        """Bytes that carry their length in front; raises :class:`Malformed`."""
        size = self.word(reference)
        at = self.offset(reference, 4 + size) + 4
        self._spend(size)
        return self._data[at : at + size]

    def array(self, reference: int, kind: int) -> Value:
        """An array: its count, then its elements; raises :class:`Malformed`."""
        count = self.word(reference)
        each = width(kind)
        at = self.offset(reference, 4 + count * each) + 4
        self._spend(count * each)
        if kind == UINT8:
            return self._data[at : at + count]
        if kind in _TEXTS or kind == OBJECT:
            references = struct.unpack_from(f"<{count}I", self._data, at)
            read = self.blob if kind == OBJECT else self.string
            return tuple([read(each) for each in references])
        numbers = struct.unpack_from(f"<{count}{_NUMBERS[kind]}", self._data, at)
        return tuple([number != 0 for number in numbers]) if kind == BOOLEAN else numbers


def decode(cim_type: int, data: bytes, at: int, heap: Heap) -> Value:
    """The value of a type whose fixed-size part lies at ``at``; raises :class:`Malformed`."""
    kind = cim_type & 0xFF
    try:
        if cim_type & ARRAY:
            return heap.array(_WORD.unpack_from(data, at)[0], kind)
        if kind in _TEXTS:
            return heap.string(_WORD.unpack_from(data, at)[0])
        if kind == OBJECT:
            return heap.blob(_WORD.unpack_from(data, at)[0])
        decoder = _DECODERS.get(kind)
        if decoder is None:
            raise Malformed(f"no CIM type {cim_type:#x}")
        number: Value = decoder.unpack_from(data, at)[0]
    except struct.error as error:
        raise Malformed("a value lies behind the end of its record") from error
    return number != 0 if kind == BOOLEAN else number
