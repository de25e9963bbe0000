"""Makes WMI repositories: small ones from nothing, or additions to a real one.

Records, tables, checksums, index keys and mappings are written as Windows writes them, by code that
shares nothing with the reader but the built-in names.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass, field

PAGE = 8192
NO_PAGE = 0xFFFFFFFF
WIDTHS = {0x08: 4, 0x65: 4, 0x66: 4, 0x0D: 4, 0x0B: 2, 0x11: 1, 0x10: 1, 0x12: 2, 0x02: 2,
          0x67: 2, 0x13: 4, 0x03: 4, 0x04: 4, 0x15: 8, 0x14: 8, 0x05: 8}  # fmt: skip
CODES = {0x0B: "h", 0x11: "B", 0x10: "b", 0x12: "H", 0x02: "h", 0x67: "H", 0x13: "I", 0x03: "i",
         0x04: "f", 0x15: "Q", 0x14: "q", 0x05: "d"}  # fmt: skip
STRING, BOOL, UINT8, UINT16, UINT32, REF = 0x08, 0x0B, 0x11, 0x12, 0x13, 0x66
ARRAY = 0x2000
WRITTEN = 132_672_000_000_000_000  # 2021-06
TEXTS = (0x08, 0x65, 0x66)


def digest(name: str, modern: bool) -> str:
    data = name.upper().encode("utf-16-le")
    return (hashlib.sha256(data) if modern else hashlib.md5(data)).hexdigest().upper()


@dataclass
class HeapWriter:
    data: bytearray = field(default_factory=bytearray)

    def raw(self, data: bytes) -> int:
        at = len(self.data)
        self.data += data
        return at

    def text(self, text: str) -> int:
        if text.isascii():
            return self.raw(b"\0" + text.encode("ascii") + b"\0")
        return self.raw(b"\1" + text.encode("utf-16-le") + b"\0\0")

    def value(self, kind: int, value: object) -> bytes:
        """The fixed-size part of a value; the rest goes into the heap."""
        base = kind & 0xFF
        if kind & ARRAY:
            items = list(value)  # type: ignore[call-overload]
            if base in TEXTS:
                packed = struct.pack(f"<{len(items)}I", *[self.text(item) for item in items])
            else:
                packed = struct.pack(f"<{len(items)}{CODES[base]}", *items)
            return struct.pack("<I", self.raw(struct.pack("<I", len(items)) + packed))
        if base in TEXTS:
            return struct.pack("<I", self.text(str(value)))
        number = -1 if base == BOOL and value else value
        return struct.pack("<" + CODES[base], number)

    def closed(self) -> bytes:
        return struct.pack("<I", len(self.data) | 0x80000000) + bytes(self.data)


@dataclass
class Column:
    """A property: name, CIM type, default, whether it is a key."""

    name: str
    kind: int = STRING
    default: object = None
    key: bool = False
    qualifiers: dict[str, str] = field(default_factory=dict)


@dataclass
class Table:
    """A class with all its columns, inherited ones first."""

    name: str
    superclass: str
    columns: list[Column]

    def places(self) -> list[int]:
        at, found = 0, []
        for column in self.columns:
            found.append(at)
            at += 4 if column.kind & ARRAY else WIDTHS[column.kind & 0xFF]
        return [*found, at]


def qualifier_set(heap: HeapWriter, qualifiers: dict[str, object]) -> bytes:
    body = b""
    for name, value in qualifiers.items():
        reference = 0x80000001 if name == "key" else heap.text(name)
        if value is True:
            body += struct.pack("<IBIh", reference, 0, BOOL, -1)
        else:
            body += struct.pack("<IBI", reference, 0, STRING) + heap.value(STRING, value)
    return struct.pack("<I", 4 + len(body)) + body


def definition(
    table: Table, own: int, qualifiers: dict[str, object] | None = None, written: int = WRITTEN
) -> bytes:
    """The record of a class of which the last ``own`` columns are its own."""
    heap = HeapWriter()
    name = heap.text(table.name)
    classes = qualifier_set(heap, qualifiers or {})
    places = table.places()
    states = bytearray((len(table.columns) + 3) // 4)
    values = bytearray(places[-1])
    lookup = b""
    for order, column in enumerate(table.columns):
        inherited = order < len(table.columns) - own
        bits = 1 if column.default is None else 0
        bits |= 2 if inherited else 0
        states[order >> 2] |= bits << (order & 3) * 2
        if column.default is not None and not inherited:
            fixed = heap.value(column.kind, column.default)
            values[places[order] : places[order] + len(fixed)] = fixed
        if inherited:
            continue
        marks: dict[str, object] = dict(column.qualifiers)
        if column.key:
            marks["key"] = True
        label = heap.text(column.name)
        columns = qualifier_set(heap, marks)
        info = heap.raw(struct.pack("<IHII", column.kind, order, places[order], 0) + columns)
        lookup += struct.pack("<II", label, info)
    derivation = struct.pack("<I", 4)
    body = struct.pack("<BII", 0, name, len(states) + len(values)) + derivation + classes
    body += struct.pack("<I", len(lookup) // 8) + lookup + bytes(states) + bytes(values)
    body += heap.closed()
    head = struct.pack("<I", len(table.superclass)) + table.superclass.encode("utf-16-le")
    methods = struct.pack("<IHHI", 12, 0, 0, 0x80000000)
    return head + struct.pack("<QI", written, 4 + len(body)) + body + methods


def instance(
    table: Table, values: dict[str, object], modern: bool = True, written: int = WRITTEN
) -> bytes:
    """The record of an instance; a value that is not given is NULL."""
    heap = HeapWriter()
    name = heap.text(table.name)
    places = table.places()
    states = bytearray((len(table.columns) + 3) // 4)
    fixed = bytearray(places[-1])
    for order, column in enumerate(table.columns):
        if values.get(column.name) is None:
            states[order >> 2] |= 1 << (order & 3) * 2
            continue
        data = heap.value(column.kind, values[column.name])
        fixed[places[order] : places[order] + len(data)] = data
    body = struct.pack("<BI", 0, name) + bytes(states) + bytes(fixed)
    body += struct.pack("<I", 4) + b"\x01" + heap.closed()
    head = digest(table.name, modern).encode("utf-16-le")
    return head + struct.pack("<QQI", written + 10, written, 4 + len(body)) + body


# --- files ------------------------------------------------------------------------------


@dataclass
class Key:
    text: str
    page: int
    record: int
    size: int

    def parts(self) -> list[str]:
        *front, last = self.text.split("\\")
        return [*front, f"{last}.{self.page}.{self.record}.{self.size}"]


def index_page(logical: int, child: int, keys: list[list[str]]) -> bytes:
    texts: list[str] = []
    numbers: dict[str, int] = {}
    words: list[int] = []
    offsets = []
    for parts in keys:
        offsets.append(len(words))
        words.append(len(parts))
        for part in parts:
            if part not in numbers:
                numbers[part] = len(texts)
                texts.append(part)
            words.append(numbers[part])
    body = struct.pack("<5I", 0xACCC, logical, 0, 0, len(keys)) + bytes(4 * len(keys))
    body += struct.pack(f"<{len(keys) + 1}I", child, *[0] * len(keys))
    body += struct.pack(f"<{len(offsets)}H", *offsets)
    body += struct.pack(f"<H{len(words)}H", len(words), *words)
    blob, places = b"", []
    for text in texts:
        places.append(len(blob))
        blob += text.encode("ascii") + b"\0"
    body += struct.pack(f"<H{len(places)}HH", len(places), *places, len(blob)) + blob
    assert len(body) <= PAGE, "too many keys for one page"
    return body.ljust(PAGE, b"\0")


@dataclass
class Forge:
    """A repository being made. ``objects`` and ``index`` hold physical pages, ``of_*`` the
    logical ones; ``sequence`` is that of the mapping it writes."""

    modern: bool = True
    sequence: int = 100
    objects: bytearray = field(default_factory=bytearray)
    index: bytearray = field(default_factory=bytearray)
    of_objects: list[int] = field(default_factory=list)
    of_index: list[int] = field(default_factory=list)
    index_row: tuple[int, ...] = ()
    root: int = 1
    keys: list[Key] = field(default_factory=list)
    tables: dict[tuple[str, str], Table] = field(default_factory=dict)
    attach_to: int | None = None
    _next: int = 0x1000

    # --- records ---

    def store(
        self, record: bytes, *, mapped: bool = True, checksum: bool = True
    ) -> tuple[int, int]:
        """Put a record on a page of its own, and what is too long on the following ones.

        Returns (logical page, record number); the page is not in the mapping if not ``mapped``.
        """
        self._next += 1
        number = self._next
        crc = zlib.crc32(record) if checksum else 0
        toc = struct.pack("<4I", number, 32, len(record), crc) + bytes(16)
        whole = toc + record
        logical = len(self.of_objects)
        for at in range(0, len(whole), PAGE):
            if mapped:
                self.of_objects.append(len(self.objects) // PAGE)
            self.objects += whole[at : at + PAGE].ljust(PAGE, b"\0")
        return logical, number

    def into_slack(self, record: bytes, page: int) -> None:
        """Leave a record behind the last one of a physical page, as freeing does."""
        at = page * PAGE
        offset, size = struct.unpack_from("<II", self.objects, at + 4)
        start = at + offset + size + 8
        assert start + len(record) <= at + PAGE
        self.objects[start : start + len(record)] = record

    def key(self, text: str, place: tuple[int, int], record: bytes) -> None:
        self.keys.append(Key(text, *place, len(record)))

    def define(
        self,
        namespace: str,
        name: str,
        columns: list[Column],
        superclass: str = "",
        qualifiers: dict[str, object] | None = None,
        *,
        live: bool = True,
        mapped: bool = True,
    ) -> Table:
        above = self.table(namespace, superclass).columns if superclass else []
        table = Table(name, superclass, [*above, *columns])
        self.tables[namespace.lower(), name.lower()] = table
        record = definition(table, len(columns), qualifiers)
        place = self.store(record, mapped=mapped)
        if live and mapped:
            space = digest(namespace, self.modern)
            self.key(f"NS_{space}\\CD_{digest(name, self.modern)}", place, record)
        return table

    def table(self, namespace: str, name: str) -> Table:
        found = self.tables.get((namespace.lower(), name.lower()))
        return found or self.tables["__systemclass", name.lower()]

    def add(
        self,
        namespace: str,
        name: str,
        values: dict[str, object],
        *,
        live: bool = True,
        mapped: bool = True,
    ) -> bytes:
        """An instance; returns its record."""
        record = instance(self.table(namespace, name), values, self.modern)
        place = self.store(record, mapped=mapped)
        if live and mapped:
            space, owner = digest(namespace, self.modern), digest(name, self.modern)
            own = digest(str(self._next), self.modern)
            self.key(f"NS_{space}\\CI_{owner}\\IL_{own}", place, record)
            self.key(f"NS_{space}\\KI_{owner}\\I_{own}", place, record)
        return record

    # --- the whole ---

    def files(self) -> dict[str, bytes]:
        """OBJECTS.DATA, INDEX.BTR and a mapping file, by name."""
        self._write_keys()
        mapping = self._block(self.of_objects, len(self.objects), ())
        mapping += self._block(self.of_index, len(self.index), self.index_row)
        if self.modern:
            mapping += bytes(4)
        return {
            "OBJECTS.DATA": bytes(self.objects),
            "INDEX.BTR": bytes(self.index),
            "MAPPING1.MAP": mapping,
        }

    def _new_index_page(self) -> int:
        self.of_index.append(len(self.index) // PAGE)
        self.index += bytes(PAGE)
        return len(self.of_index) - 1

    def _write_keys(self) -> None:
        if not self.of_index:
            administrative = self._new_index_page()
            struct.pack_into("<5I", self.index, 0, 0xADDD, 0, 0, 1, 0)
            assert administrative == 0
        rows = [key.parts() for key in self.keys]
        groups = [rows[at : at + 18] for at in range(0, len(rows), 18)] or [[]]
        numbers = [self._new_index_page() for _ in groups]
        for place, group in enumerate(groups):
            child = numbers[place + 1] if place + 1 < len(groups) else 0
            at = self.of_index[numbers[place]] * PAGE
            self.index[at : at + PAGE] = index_page(numbers[place], child, group)
        if self.attach_to is not None:
            at = self.of_index[self.attach_to] * PAGE
            count = struct.unpack_from("<I", self.index, at + 16)[0]
            struct.pack_into("<I", self.index, at + 20 + 8 * count, numbers[0])
        self.keys = []

    def _block(self, pages: list[int], size: int, first: tuple[int, ...]) -> bytes:
        total = size // PAGE
        free = sorted(set(range(total)) - set(pages))
        if self.modern:
            numbers = (self.sequence, self.sequence, self.sequence - 1, total)
            head = struct.pack("<5I", 0xABCD, *numbers)
            rows = [struct.pack("<6I", page, 0, 0, 0, self.sequence, 3) for page in pages]
            if pages is self.of_index:
                rows[0] = struct.pack("<6I", pages[0], 0, 0, self.root, self.sequence, 0)
        else:
            head = struct.pack("<3I", 0xABCD, self.sequence, total)
            rows = [struct.pack("<I", page) for page in pages]
        table = struct.pack("<I", len(rows)) + b"".join(rows)
        return head + table + struct.pack(f"<I{len(free)}II", len(free), *free, 0xDCBA)


# --- what every repository has ------------------------------------------------------------

SID_USER = bytes.fromhex("010500000000000515000000a065cf7e784b9b5fe77c8770e8030000")


def small(modern: bool = True) -> Forge:
    """A repository with a few namespaces and the classes that subscriptions need."""
    forge = Forge(modern=modern)
    system, place = "__SystemClass", "root\\subscription"
    forge.define(system, "__SystemClass", [], qualifiers={"abstract": True})
    forge.define(system, "__NAMESPACE", [Column("Name", key=True)], "__SystemClass")
    forge.define(
        system,
        "__EventFilter",
        [
            Column("Name", key=True), Column("CreatorSID", UINT8 | ARRAY), Column("Query"),
            Column("QueryLanguage"), Column("EventNamespace"),
        ],
        "__SystemClass",
    )  # fmt: skip
    forge.define(system, "__EventConsumer", [Column("CreatorSID", UINT8 | ARRAY)], "__SystemClass")
    forge.define(
        system,
        "__FilterToConsumerBinding",
        [
            Column("Filter", REF, key=True), Column("Consumer", REF, key=True),
            Column("CreatorSID", UINT8 | ARRAY),
        ],
        "__SystemClass",
    )  # fmt: skip
    for name in ("subscription", "cimv2", "default"):
        forge.add("root", "__NAMESPACE", {"Name": name})
    consumers(forge, place)
    forge.define("root\\cimv2", "Win32_Service", [Column("Name", key=True), Column("State")],
                 qualifiers={"dynamic": True, "provider": "CIMWin32"})  # fmt: skip
    return forge


def consumers(forge: Forge, namespace: str) -> None:
    """The standard consumer classes, in a namespace."""
    base = "__EventConsumer"
    forge.define(
        namespace,
        "ActiveScriptEventConsumer",
        [Column("Name", key=True), Column("ScriptingEngine"), Column("ScriptText"),
         Column("ScriptFilename")],
        base,
    )  # fmt: skip
    forge.define(
        namespace,
        "CommandLineEventConsumer",
        [Column("Name", key=True), Column("ExecutablePath"), Column("CommandLineTemplate"),
         Column("WorkingDirectory"), Column("RunInteractively", BOOL)],
        base,
    )  # fmt: skip
    forge.define(
        namespace, "LogFileEventConsumer",
        [Column("Name", key=True), Column("Filename"), Column("Text")], base,
    )  # fmt: skip


def subscribe(
    forge: Forge,
    consumer_class: str,
    values: dict[str, object],
    *,
    namespace: str = "root\\subscription",
    name: str = "Updater",
    query: str = "SELECT * FROM __InstanceModificationEvent WITHIN 60 WHERE TargetInstance ISA "
    "'Win32_PerfFormattedData_PerfOS_System'",
    sid: bytes = SID_USER,
    bound: bool = True,
    live: bool = True,
    mapped: bool = True,
) -> None:
    """A filter, a consumer and a binding."""
    how = {"live": live, "mapped": mapped}
    creator = {"CreatorSID": list(sid)}
    known = {"Name": name, **creator}
    forge.add(namespace, "__EventFilter",
              {**known, "Query": query, "QueryLanguage": "WQL", "EventNamespace": "root\\cimv2"},
              **how)  # fmt: skip
    forge.add(namespace, consumer_class, {**known, **values}, **how)
    if bound:
        ends = {
            "Filter": f'__EventFilter.Name="{name}"',
            "Consumer": f'{consumer_class}.Name="{name}"',
        }
        forge.add(namespace, "__FilterToConsumerBinding", {**ends, **creator}, **how)


# --- additions to a real repository -------------------------------------------------------


def extended(files: dict[str, bytes], mapping: str) -> Forge:
    """A forge that goes on from existing files, by the mapping file of that name."""
    data = files[mapping]
    modern = struct.unpack_from("<I", data, 8)[0] - struct.unpack_from("<I", data, 12)[0] == 1
    forge = Forge(modern=modern)
    forge.objects, forge.index = bytearray(files["OBJECTS.DATA"]), bytearray(files["INDEX.BTR"])
    forge.sequence = struct.unpack_from("<I", data, 4)[0] + 1
    forge.of_objects, end, _ = _read_block(data, 0, modern)
    forge.of_index, _, forge.root = _read_block(data, end, modern)
    if not modern:
        forge.root = struct.unpack_from("<4I", forge.index, forge.of_index[0] * PAGE)[3]
    forge.attach_to = _leaf(forge, forge.root)
    return forge


def _read_block(data: bytes, at: int, modern: bool) -> tuple[list[int], int, int]:
    head, row = (20, 24) if modern else (12, 4)
    count = struct.unpack_from("<I", data, at + head)[0]
    table = at + head + 4
    pages = [struct.unpack_from("<I", data, table + row * i)[0] for i in range(count)]
    root = struct.unpack_from("<I", data, table + 12)[0] if modern else 0
    free = table + row * count
    return pages, free + 8 + 4 * struct.unpack_from("<I", data, free)[0], root


def _leaf(forge: Forge, logical: int) -> int:
    """The right-most page of the tree, whose last child is free to be set."""
    while True:
        at = forge.of_index[logical] * PAGE
        count = struct.unpack_from("<I", forge.index, at + 16)[0]
        child = struct.unpack_from("<I", forge.index, at + 20 + 8 * count)[0]
        if child in (0, NO_PAGE):
            return logical
        logical = child
