"""The whole repository: records joined with the index, instances with their classes.

Records are found by the index and by the pages, so that a damaged index hides nothing. What the
index does not name is given too, with its state; copies of what is live are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from triage.parsers import Malformed
from triage.parsers.cim import definitions, instances
from triage.parsers.cim.definitions import ClassDefinition, parse_definition
from triage.parsers.cim.index import Entry, parse_entry, read_index, stale_keys
from triage.parsers.cim.instances import Instance, Layout, class_hash, parse_instance
from triage.parsers.cim.mapping import choose
from triage.parsers.cim.names import SYSTEM_NAMESPACE, name_hash
from triage.parsers.cim.pages import PAGE
from triage.parsers.cim.records import LIVE, UNREFERENCED, Pages, Record
from triage.parsers.cim.schema import Key, Schema
from triage.records import dataclass

_NAMESPACE_CLASS = "__NAMESPACE"
_NAMESPACES_MAX = 10_000
_PROBLEMS_MAX = 100
_UNKNOWN = Layout("", (), 0, 0, {})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read: which file, where in it, what was wrong."""

    file: str
    inside: str
    what: str


class Stored(NamedTuple):
    """A class or an instance, and how it was found.

    ``namespace`` is the hash that the index gives, ``None`` where nothing leads to it
    (:meth:`Repository.namespace_name` has the name). An instance of a class that is nowhere has
    a layout without a name and no values.
    """

    namespace: str | None
    record: Record
    what: ClassDefinition | Instance


class Repository:
    """One repository. Reading it raises nothing; ``problems`` grows as it is read."""

    def __init__(self, objects: bytes, index: bytes, mappings: Mapping[str, bytes]) -> None:
        """``mappings`` holds the mapping files by their upper-case names.

        Raises :class:`Malformed` when ``objects`` has not one whole page.
        """
        if len(objects) < PAGE:
            raise Malformed("OBJECTS.DATA is smaller than a page")
        self.problems: list[Problem] = []
        self._dropped = 0
        chosen = choose(mappings)
        for file, what in chosen.problems:
            self._note(file, "", what)
        found = read_index(index, chosen.index)
        for what in found.problems:
            self._note("INDEX.BTR", "", what)
        self._index, self._reached = index, found.reached
        self.sound_index = not found.problems
        # Most keys are never asked for, so they are only taken apart when they are.
        self._keys = [key for key in found.live if "." in key]
        self.modern = _is_modern(self._keys, objects)
        self._pages = Pages(objects, chosen.objects, chosen.older)
        self._by_class = {key.partition(".")[0]: key for key in self._keys if "\\CD_" in key}
        system = self.hash_of(SYSTEM_NAMESPACE)
        self._schema = Schema(self._definition, self.hash_of, system, self._learn)
        # By page, number and size: two keys may lead to the same record.
        self._records: dict[tuple[int, int, int], Record] = {}
        self._lost: set[tuple[int, int, int]] = set()
        self._names: dict[str, str] | None = None
        self._unfetched: list[Record] | None = None
        self._missed: int | None = None
        if not self.sound_index:
            # Definitions that no key names any more, for the instances that one still names.
            for record in self._rest():
                definition = _try_definition(record)
                if definition is not None:
                    self._schema.add(definition)

    def _note(self, file: str, inside: str, what: str) -> None:
        """Remember a problem; of more than a page full only the number is of use."""
        if len(self.problems) < _PROBLEMS_MAX:
            self.problems.append(Problem(file, inside, what))
        else:
            self._dropped += 1
            more = f"and {self._dropped} further problems"
            self.problems[_PROBLEMS_MAX - 1] = Problem(file, "", more)

    def hash_of(self, name: str) -> str:
        """The hash by which this repository knows a class or a namespace."""
        return name_hash(name, modern=self.modern)

    # --- live objects ---------------------------------------------------------------------

    def classes(self) -> Iterator[Stored]:
        """Every class definition that the index names."""
        for entry in _entries(self._by_class.values()):
            definition = self._schema.exact((entry.namespace, entry.owner))
            record = self._records.get(entry[3:])
            if definition is not None and record is not None:
                yield Stored(entry.namespace, record, definition)

    def instances(self, classes: Iterable[str] | None = None) -> Iterator[Stored]:
        """Every instance that the index names, or those of some classes; in any namespace."""
        # IL and I are two ways to the same record.
        keys = [key for key in self._keys if "\\IL_" in key or "\\I_" in key]
        if classes is not None:
            wanted = re.compile("_(?:" + "|".join(map(self.hash_of, classes)) + r")\\")
            keys = [key for key in keys if wanted.search(key, 4)]
        for entry in _entries({key.partition(".")[2]: key for key in keys}.values()):
            record = self._fetched(entry)
            stored = None if record is None else self._instance(entry.namespace, record)
            if stored is not None:
                yield stored

    def layout(self, stored: Stored) -> Layout:
        """The properties of a class with their defaults, inherited ones included."""
        if isinstance(stored.what, Instance):
            return stored.what.layout
        return self._schema.layout_of(stored.namespace, stored.what)

    def chain_of(self, stored: Stored) -> Sequence[ClassDefinition]:
        """The class of an object, or a class itself, after its superclasses, the root first."""
        if isinstance(stored.what, Instance):
            return stored.what.layout.chain
        return self._schema.chain(stored.namespace, stored.what)

    def superclasses(self, stored: Stored) -> tuple[str, ...]:
        """The names of the classes above that of an object, or above a class, nearest first."""
        return tuple(one.name for one in self.chain_of(stored)[-2::-1])

    def definition_of(self, stored: Stored) -> ClassDefinition | None:
        """The class of an instance; a class itself."""
        if isinstance(stored.what, ClassDefinition):
            return stored.what
        chain = stored.what.layout.chain
        return chain[-1] if chain else None

    def _learn(self) -> None:
        """Definitions that no key names any more, and those that nobody has asked for yet."""
        for entry in _entries(self._by_class.values()):
            self._schema.exact((entry.namespace, entry.owner))
        for record in self._rest():
            definition = _try_definition(record)
            if definition is not None:
                self._schema.add(definition)

    def _definition(self, key: Key) -> ClassDefinition | None:
        text = self._by_class.get(f"NS_{key[0]}\\CD_{key[1]}")
        entry = None if text is None else parse_entry(text)
        record = None if entry is None else self._fetched(entry)
        if record is None:
            return None
        try:
            return parse_definition(record.data)
        except Malformed as error:
            self._damaged(record, str(error))
            return None

    def _fetched(self, entry: Entry) -> Record | None:
        record = self._records.get(entry[3:])
        if record is None:
            record = self._pages.fetch(entry)
            if record is None:
                self._lost.add(entry[3:])
                return None
            self._records[entry[3:]] = record
            if not record.whole:
                self._damaged(record, "goes on in pages that are not there")
            elif not record.sound:
                self._damaged(record, "its checksum is wrong")
        return record

    def _damaged(self, record: Record, what: str) -> None:
        self._note("OBJECTS.DATA", f"page {record.page}, record {record.number:#x}", what)

    def _instance(self, namespace: str | None, record: Record) -> Stored | None:
        digest = class_hash(record.data, modern=self.modern)
        layouts: list[Layout] = []
        if digest is not None and namespace is not None:
            layouts = [one for one in [self._schema.layout(namespace, digest)] if one is not None]
        if digest is not None and not layouts:
            layouts = self._schema.layouts(digest)
        try:
            return Stored(namespace, record, self._parsed(record.data, layouts))
        except Malformed as error:
            if record.state == LIVE:
                self._damaged(record, str(error))
            return None

    def _parsed(self, data: bytes, layouts: list[Layout]) -> Instance:
        """The instance by the first layout that fits; by none, its head alone."""
        for layout in layouts[:-1]:
            try:
                return parse_instance(data, layout, modern=self.modern)
            except Malformed:
                continue
        if not layouts:
            return instances.parse_head(data, _UNKNOWN, modern=self.modern)
        return parse_instance(data, layouts[-1], modern=self.modern)

    # --- what the index does not name -----------------------------------------------------

    def others(self) -> Iterator[Stored]:
        """Classes and instances that no key leads to: deleted ones, and older versions.

        What is byte for byte a live record is left out, and so is a second copy.
        """
        if self._missed is None:
            self._missed = len(self._schema.missed)
        for entry in _entries(self._by_class.values()):
            # Objects that nothing leads to may be of any class.
            self._schema.exact((entry.namespace, entry.owner))
        self._rest()
        seen = {record.data for record in self._records.values()}
        rest = list(self._distinct(self._unnamed(), seen))
        stale = _entries(stale_keys(self._index, self._reached))
        once = {(entry.record, entry.size): entry.namespace for entry in stale}
        for record in rest:
            definition = _try_definition(record)
            if definition is not None:
                self._schema.add(definition)
                yield Stored(once.get((record.number, len(record.data))), record, definition)
        for record in rest:
            if class_hash(record.data, modern=self.modern) is not None:
                stored = self._instance(once.get((record.number, len(record.data))), record)
                if stored is not None:
                    yield stored

    def _rest(self) -> list[Record]:
        """What is left in the pages when every key has had its record."""
        if self._unfetched is None:
            done = {f"{page}.{number}.{size}" for page, number, size in self._records}
            for entry in _entries(k for k in self._keys if k.partition(".")[2] not in done):
                self._fetched(entry)
            self._unfetched = list(self._pages.rest())
        return self._unfetched

    def _unnamed(self) -> Iterator[Record]:
        for record in self._rest():
            # Without an index nobody knows what is deleted: then mapped means live.
            if record.state == UNREFERENCED and not self.sound_index:
                yield record._replace(state=LIVE)
            else:
                yield record
        for record in self._pages.carved():
            end = self._end_of(record.data)
            if end is not None:
                yield record._replace(data=record.data[:end])

    def _end_of(self, data: bytes) -> int | None:
        """Where a carved record ends; ``None`` when it is none, or not all of it is there."""
        try:
            if class_hash(data, modern=self.modern) is not None:
                end = instances.extent(data, modern=self.modern)
            else:
                end = definitions.extent(parse_definition(data))
        except Malformed:
            return None
        return end if 0 < end <= len(data) else None

    @staticmethod
    def _distinct(found: Iterable[Record], seen: set[bytes]) -> Iterator[Record]:
        for record in found:
            if record.data not in seen:
                seen.add(record.data)
                yield record

    # --- names ----------------------------------------------------------------------------

    def namespaces(self) -> Mapping[str, str]:
        """Full names by hash, of every namespace that one above it names, ``root`` included."""
        if self._names is None:
            children: dict[str, list[str]] = {}
            for stored in self.instances([_NAMESPACE_CLASS]):
                name = stored.what.value("Name") if isinstance(stored.what, Instance) else None
                if isinstance(name, str) and stored.namespace is not None:
                    children.setdefault(stored.namespace, []).append(name)
            self._names = self._named_from_root(children)
        return self._names

    def _named_from_root(self, children: Mapping[str, list[str]]) -> dict[str, str]:
        pending = ["root"]
        names = {self.hash_of("root"): "root", self.hash_of(SYSTEM_NAMESPACE): SYSTEM_NAMESPACE}
        while pending and len(names) < _NAMESPACES_MAX:
            path = pending.pop()
            for name in children.get(self.hash_of(path), ()):
                full = f"{path}\\{name}"
                if self.hash_of(full) not in names:
                    names[self.hash_of(full)] = full
                    pending.append(full)
        return names

    def namespace_name(self, digest: str | None) -> str | None:
        """The name of a namespace; its hash, shortened, where no name is known."""
        if digest is None:
            return None
        return self.namespaces().get(digest, f"<namespace {digest[:16]}>")

    def finish(self) -> None:
        """Turn what was counted while reading into problems; call it after the last read."""
        if self._lost:
            what = f"{len(self._lost)} records that the index names are not in the file"
            self._note("INDEX.BTR", "", what)
        missed = len(self._schema.missed) if self._missed is None else self._missed
        if missed:
            self._note("INDEX.BTR", "", f"{missed} classes that objects need are named by no key")
        if self._pages.misplaced:
            what = f"{self._pages.misplaced} records lie on other pages than index and mapping say"
            self._note("OBJECTS.DATA", "", what)


def _try_definition(record: Record) -> ClassDefinition | None:
    try:
        return parse_definition(record.data)
    except Malformed:
        return None


_HASH_MODERN = re.compile(rb"(?:[0-9A-F]\0){64}")
_HASH_OLD = re.compile(rb"(?:[0-9A-F]\0){32}")


def _entries(keys: Iterable[str]) -> Iterator[Entry]:
    return (entry for entry in map(parse_entry, keys) if entry is not None)


def _is_modern(keys: Sequence[str], objects: bytes) -> bool:
    """SHA-256 or MD5: by the length of the index's hashes, else of those in the records."""
    first = next(_entries(keys), None)
    if first is not None:
        return len(first.namespace) == 64
    return _HASH_MODERN.search(objects) is not None or _HASH_OLD.search(objects) is None
