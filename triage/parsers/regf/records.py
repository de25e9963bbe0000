"""Records in cells: keys (``nk``), values (``vk``), lists of both, security and big data.

Source: M. Suhanov, "Windows registry file format specification", cell data.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from triage.parsers.regf.cells import NONE, Cells

_NK = struct.Struct("<2sHQIIIIIIIIII20xHH")
_VK = struct.Struct("<2sHIIIHH")
_SK_SIZE = struct.Struct("<I")
_DB = struct.Struct("<2sHI")
_LIST = struct.Struct("<2sH")
COMPRESSED_KEY, COMPRESSED_VALUE, RESIDENT = 0x20, 0x1, 0x80000000
LONG_NAME = "a name is longer than its cell"
# The longest data that one cell holds; hives of version 1.4 and later split what is longer.
SEGMENT = 16344
_BIG_MINOR = 4
BIG, SECURITY = int.from_bytes(b"db", "little"), int.from_bytes(b"sk", "little")
_STEPS = {b"lf": 2, b"lh": 2, b"li": 1, b"ri": 1}
SECURITY_AT, NAME_AT, NODE_NAME_AT = 20, 20, 76


class Node(NamedTuple):
    """A key's record, from ``at`` to ``end`` in the bins; other places are cells.

    ``whole`` is false where the name would go on behind its cell.
    """

    at: int
    flags: int
    written: int
    parent: int
    subkeys: int
    subkey_list: int
    values: int
    value_list: int
    security: int
    class_cell: int
    class_size: int
    name: str
    end: int
    whole: bool


class Entry(NamedTuple):
    """A value's record, from ``at`` to ``end`` in the bins.

    ``size`` is without the bit that says that ``data`` is the data; ``whole`` as in a key.
    """

    at: int
    name: str
    size: int
    resident: bool
    data: int
    type: int
    flags: int
    end: int
    whole: bool


def node(cells: Cells, cell: int) -> Node | None:
    """The key in a cell; ``None``, and an anomaly, when there is none."""
    span = cells.span(cell)
    found = None if span is None else node_at(cells, *span)
    if span is not None and found is None:
        cells.note(cell, "no key where one belongs")
    return found


def node_at(cells: Cells, start: int, end: int) -> Node | None:
    """The key whose record begins at ``start`` and may go up to ``end``."""
    if end - start < _NK.size:
        return None
    (sig, flags, written, _, parent, subkeys, _, listed, _, values, value_list, security, klass,
     name_size, class_size) = _NK.unpack_from(cells.buffer, start)  # fmt: skip
    if sig != b"nk":
        return None
    name = _name(cells, start + _NK.size, end, name_size, bool(flags & COMPRESSED_KEY))
    return Node(
        start, flags, written, parent, subkeys, listed, values, value_list, security, klass,
        class_size, name, min(start + _NK.size + name_size, end),
        start + _NK.size + name_size <= end,
    )  # fmt: skip


def entry(cells: Cells, cell: int) -> Entry | None:
    """The value in a cell; ``None``, and an anomaly, when there is none."""
    span = cells.span(cell)
    found = None if span is None else entry_at(cells, *span)
    if span is not None and found is None:
        cells.note(cell, "no value where one belongs")
    return found


def is_value(cells: Cells, cell: int) -> bool:
    """Whether a cell holds a value; an anomaly when it does not."""
    span = cells.span(cell)
    right = span is not None and span[1] - span[0] >= _VK.size
    right = right and span is not None and cells.bytes_at(span[0], span[0] + 2) == b"vk"
    if span is not None and not right:
        cells.note(cell, "no value where one belongs")
    return right


def entry_at(cells: Cells, start: int, end: int) -> Entry | None:
    """The value whose record begins at ``start`` and may go up to ``end``."""
    if end - start < _VK.size:
        return None
    sig, name_size, size, data, kind, flags, _ = _VK.unpack_from(cells.buffer, start)
    if sig != b"vk":
        return None
    name = _name(cells, start + _VK.size, end, name_size, bool(flags & COMPRESSED_VALUE))
    resident = bool(size & RESIDENT)
    stop = start + _VK.size + name_size
    return Entry(
        start, name, size & ~RESIDENT, resident, data, kind, flags, min(stop, end), stop <= end
    )


def _name(cells: Cells, start: int, end: int, size: int, compressed: bool) -> str:
    """Compressed names are Latin-1, others UTF-16; lone surrogates are kept."""
    if start + size > end:
        cells.note(start, LONG_NAME)
        size = max(end - start, 0)
    raw = cells.bytes_at(start, start + size)
    if compressed:
        return raw.decode("latin-1")
    return raw[: len(raw) & ~1].decode("utf-16-le", "surrogatepass")


def data_of(cells: Cells, value: Entry) -> bytes:
    """All bytes of a value that are there; never more than it declares."""
    if value.resident:
        if value.size > 4:
            cells.note(value.at, "a resident value is longer than its place")
        return value.data.to_bytes(4, "little")[: value.size]
    if value.size == 0:
        return b""
    span = cells.span(value.data)
    if span is None:
        return b""
    start, end = span
    if _is_big(cells, start, end, value.size):
        parts = [cells.bytes_at(*part) for part in _segments(cells, start, value.size)]
        return b"".join(parts)
    if value.size > end - start:
        cells.note(value.at, "a value is longer than its cell")
    return cells.bytes_at(start, min(start + value.size, end))


def data_cells(cells: Cells, value: Entry) -> list[tuple[int, int]]:
    """The cells of a value's data, and where in each the part ends that it uses."""
    span = None if value.resident or value.size == 0 else cells.span(value.data)
    if span is None:
        return []
    head = cells.head
    if not _is_big(cells, *span, value.size):
        return [(value.data, span[0] + value.size)]
    _, count, listed = _DB.unpack_from(cells.buffer, span[0])
    parts = _segments(cells, span[0], value.size)
    used = [(value.data, span[0] + _DB.size), (listed, listed + head + 4 * count)]
    return used + [(start - head, end) for start, end in parts]


def room(cells: Cells, value: Entry) -> int:
    """How many bytes the cell of a value's data could hold."""
    if value.resident:
        return 4
    span = cells.span(value.data)
    return 0 if span is None else span[1] - span[0]


def _is_big(cells: Cells, start: int, end: int, size: int) -> bool:
    if size <= max(SEGMENT, end - start) or cells.minor < _BIG_MINOR or end - start < _DB.size:
        return False
    return bytes(cells.buffer[start : start + 2]) == b"db"


def _segments(cells: Cells, start: int, size: int) -> list[tuple[int, int]]:
    """Where the parts of big data lie; every cell counts once, so that none makes it endless."""
    _, count, listed = _DB.unpack_from(cells.buffer, start)
    parts: list[tuple[int, int]] = []
    missing, seen = size, {start - cells.head}
    for cell in _words(cells, listed, count):
        span = None if cell in seen else cells.span(cell)
        if span is None or missing <= 0:
            break
        seen.add(cell)
        parts.append((span[0], min(span[1], span[0] + min(missing, SEGMENT))))
        missing -= parts[-1][1] - span[0]
    if missing > 0:
        cells.note(start, "big data is not whole")
    return parts


def _words(cells: Cells, cell: int, count: int) -> tuple[int, ...]:
    """Up to ``count`` words of a cell."""
    span = cells.span(cell) if count else None
    if span is None:
        return ()
    room = (span[1] - span[0]) // 4
    if count > room:
        cells.note(cell, "a list is longer than its cell")
    return struct.unpack_from(f"<{min(count, room)}I", cells.buffer, span[0])


def value_cells(cells: Cells, key: Node) -> tuple[int, ...]:
    """The cells of a key's values, in order, as its list names them."""
    return _words(cells, key.value_list, key.values)


def subkey_cells(cells: Cells, key: Node, seen: set[int] | None = None) -> Iterator[int]:
    """The cells of a key's subkeys. Lists in ``seen`` are left out, those read are added to it."""
    if key.subkeys == 0 or key.subkey_list == NONE:
        return
    seen = set() if seen is None else seen
    is_index, leads = _sublist(cells, key.subkey_list, seen)
    if not is_index:
        yield from leads
        return
    for leaf in leads:
        nested, below = _sublist(cells, leaf, seen)
        if nested:
            cells.note(leaf, "a list of lists holds a list of lists")
        else:
            yield from below


def _sublist(cells: Cells, cell: int, seen: set[int]) -> tuple[bool, tuple[int, ...]]:
    """Whether a list is one of lists, and where it leads."""
    if cell in seen:
        cells.note(cell, "two lists name the same record")
        return False, ()
    seen.add(cell)
    span = cells.span(cell)
    if span is None or span[1] - span[0] < _LIST.size:
        return False, ()
    sig, count = _LIST.unpack_from(cells.buffer, span[0])
    step = _STEPS.get(sig)
    if step is None:
        cells.note(cell, "no list of subkeys where one belongs")
        return False, ()
    room = (span[1] - span[0] - _LIST.size) // (4 * step)
    if count > room:
        cells.note(cell, "a list is longer than its cell")
    words = struct.unpack_from(f"<{min(count, room) * step}I", cells.buffer, span[0] + _LIST.size)
    return sig == b"ri", words[::step]


def list_sizes(cells: Cells, cell: int) -> list[tuple[int, int]]:
    """A list of subkeys and the lists it names, each with the bytes that it takes."""
    seen: set[int] = set()
    is_index, leads = _sublist(cells, cell, seen)
    below = dict.fromkeys(leads) if is_index else ()
    sizes = ((each, _list_size(cells, each)) for each in (cell, *below))
    return [(each, size) for each, size in sizes if size]


def _list_size(cells: Cells, cell: int) -> int:
    span = cells.span(cell)
    if span is None or span[1] - span[0] < _LIST.size:
        return 0
    sig, count = _LIST.unpack_from(cells.buffer, span[0])
    step = _STEPS.get(sig)
    return 0 if step is None else min(_LIST.size + 4 * step * count, span[1] - span[0])


def class_name(cells: Cells, key: Node) -> bytes | None:
    """The bytes of a key's class name."""
    if key.class_size == 0 or key.class_cell == NONE:
        return None
    span = cells.span(key.class_cell)
    return None if span is None else cells.bytes_at(span[0], min(span[0] + key.class_size, span[1]))


def security(cells: Cells, key: Node) -> bytes | None:
    """The security descriptor that a key's ``sk`` cell holds."""
    span = None if key.security == NONE else cells.span(key.security)
    if span is None or span[1] - span[0] < SECURITY_AT:
        return None
    start, end = span
    if cells.bytes_at(start, start + 2) != b"sk":
        cells.note(key.security, "no security descriptor where one belongs")
        return None
    size = int(_SK_SIZE.unpack_from(cells.buffer, start + 16)[0])
    return cells.bytes_at(start + SECURITY_AT, min(start + SECURITY_AT + size, end))
