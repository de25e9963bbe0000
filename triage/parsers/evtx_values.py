"""The values of one record of an event log, without its names: what is left when those are gone.

A record is binary XML: an instance of a template and the values for it. Templates lie elsewhere in
the chunk. Of a record in the unused rest of a chunk, which an earlier use left there, they may be
overwritten; its values are still its own.

Source: libyal/libevtx, "Windows XML Event Log (EVTX) format", sections on binary XML.
"""

from __future__ import annotations

import struct

from triage.parsers import Malformed
from triage.records import dataclass

_FRAGMENT, _INSTANCE = b"\x0f\x01\x01", 0x0C
_HEAD = struct.Struct("<BBII")  # token, unknown, first part of the template's GUID, its offset
_DEFINITION = struct.Struct("<I16sI")  # next template, GUID, size of what follows
_DESCRIPTOR = struct.Struct("<HBx")
_RECORD_HEAD, _VALUES_MAX, _DEPTH_MAX, _TEXTS_MAX = 24, 2048, 4, 4096
_WIDE, _NARROW, _BYTES, _NESTED, _ARRAY = 0x01, 0x02, 0x0E, 0x21, 0x80
_TELLING = frozenset({_WIDE, _NARROW, _BYTES, _NESTED, _WIDE | _ARRAY, _NARROW | _ARRAY})
#: Where the number of the event stands among the values of the system part, by Windows' template.
_EVENT_ID, _EVENT_ID_TYPE = 3, 0x06


@dataclass(frozen=True, slots=True)
class Values:
    """``texts`` and ``data`` are in the record's order, ``whole`` says that all its templates are
    where it says. ``event_id`` is ``None`` where the record is none of Windows' own form.
    """

    whole: bool
    event_id: int | None
    texts: tuple[str, ...]
    data: tuple[bytes, ...]


class _Reader:
    """One record under way."""

    def __init__(self, chunk: bytes) -> None:
        self.chunk = chunk
        self.whole = True
        self.event_id: int | None = None
        self.texts: list[str] = []
        self.data: list[bytes] = []

    def fragment(self, start: int, end: int, depth: int) -> None:
        """A fragment that is one instance of a template; anything else is only noted."""
        at = start
        if self.chunk.startswith(_FRAGMENT, at):
            at += 4
        if at + _HEAD.size > end or self.chunk[at] != _INSTANCE or depth > _DEPTH_MAX:
            self.whole = False
            return
        _, _, template, offset = _HEAD.unpack_from(self.chunk, at)
        at += _HEAD.size
        if offset == at:
            at += self._definition(at, end)
        elif not self._is_there(template, offset):
            self.whole = False
        self._values(at, end, depth)

    def _definition(self, at: int, end: int) -> int:
        """The size of a definition that lies in the record itself."""
        if at + _DEFINITION.size > end:
            raise Malformed("a template that does not fit into its record")
        size: int = _DEFINITION.unpack_from(self.chunk, at)[2]
        if at + _DEFINITION.size + size > end:
            raise Malformed("a template that does not fit into its record")
        return _DEFINITION.size + size

    def _is_there(self, template: int, offset: int) -> bool:
        if not 512 <= offset <= len(self.chunk) - _DEFINITION.size:
            return False
        _, guid, size = _DEFINITION.unpack_from(self.chunk, offset)
        own = int.from_bytes(guid[:4], "little") == template
        return own and offset + _DEFINITION.size + size <= len(self.chunk)

    def _values(self, at: int, end: int, depth: int) -> None:
        if at + 4 > end:
            raise Malformed("a record that ends before its values")
        count = int.from_bytes(self.chunk[at : at + 4], "little")
        at += 4
        if count > _VALUES_MAX or at + count * _DESCRIPTOR.size > end:
            raise Malformed("more values than a record has room for")
        place = at + count * _DESCRIPTOR.size
        for number, (size, kind) in enumerate(_DESCRIPTOR.iter_unpack(self.chunk[at:place])):
            if place + size > end:
                raise Malformed("a value that does not fit into its record")
            if kind in _TELLING:
                self._value(kind, place, place + size, depth)
            elif kind == _EVENT_ID_TYPE and number == _EVENT_ID and depth == 0 and size == 2:
                self.event_id = int.from_bytes(self.chunk[place : place + 2], "little")
            place += size

    def _value(self, kind: int, start: int, end: int, depth: int) -> None:
        if start == end or len(self.texts) >= _TEXTS_MAX:
            return
        if kind == _NESTED:
            self.fragment(start, end, depth + 1)
        elif kind & ~_ARRAY == _WIDE:
            whole = self.chunk[start:end].decode("utf-16-le", "replace")
            self.texts += [text for text in whole.split("\0") if text]
        elif kind & ~_ARRAY == _NARROW:
            self.texts += [t for t in self.chunk[start:end].decode("latin-1").split("\0") if t]
        elif kind == _BYTES:
            self.data.append(self.chunk[start:end])


def values(chunk: bytes, start: int, end: int) -> Values:
    """The values of the record from ``start`` to ``end`` in its chunk of 64 KiB.

    Raises :class:`Malformed` where the record contradicts itself.
    """
    reader = _Reader(chunk)
    reader.fragment(start + _RECORD_HEAD, end - 4, 0)
    return Values(reader.whole, reader.event_id, tuple(reader.texts), tuple(reader.data))
