"""The classes of a repository: found by namespace and hash, with what they inherit.

A class that its namespace does not define is looked for in the system namespace, and, for objects
that nothing leads to any more, anywhere.
"""

from __future__ import annotations

from collections.abc import Callable

from triage.parsers.cim.definitions import ClassDefinition, defaults, is_amended
from triage.parsers.cim.instances import Layout, build_layout
from triage.parsers.cim.values import Value

Key = tuple[str, str]
_DEPTH_MAX = 64
_PLACES_MAX = 200


class Schema:
    """Definitions by (namespace hash, class hash), read when they are asked for.

    ``read`` gives the definition that the index names for a key, or ``None``; ``hashed`` hashes a
    name. ``system`` is the hash of the system namespace. ``learn`` is called once, when a class is
    asked for that the index does not name: it is to add what else there is.
    """

    def __init__(
        self,
        read: Callable[[Key], ClassDefinition | None],
        hashed: Callable[[str], str],
        system: str,
        learn: Callable[[], None],
    ) -> None:
        self._read = read
        self._hashed = hashed
        self._system = system
        self._learn = learn
        self._learned = False
        self.missed: set[str] = set()
        self._known: dict[Key, ClassDefinition | None] = {}
        self._layouts: dict[tuple[str | None, str], Layout | None] = {}
        self._everywhere: dict[str, list[Layout]] = {}
        self._anywhere: dict[str, list[tuple[str | None, ClassDefinition]]] = {}

    def add(self, definition: ClassDefinition) -> None:
        """Remember a definition that the index does not name, for objects it does not either."""
        self._anywhere.setdefault(self._hashed(definition.name), []).append((None, definition))

    def definition(self, namespace: str | None, digest: str) -> ClassDefinition | None:
        """The class as a namespace knows it: its own definition, the system's, any."""
        if namespace is not None:
            for place in (namespace, self._system):
                found = self.exact((place, digest))
                if found is not None:
                    return found
        found_anywhere = self._places(digest)
        return found_anywhere[0][1] if found_anywhere else None

    def _places(self, digest: str) -> list[tuple[str | None, ClassDefinition]]:
        """Where a class is defined at all; what the index lost is looked for once."""
        if digest not in self._anywhere:
            if not self._learned:
                self._learned = True
                self._learn()
            if all(place is None for place, _ in self._anywhere.get(digest, ())):
                self.missed.add(digest)
        return self._anywhere.get(digest, [])

    def exact(self, key: Key) -> ClassDefinition | None:
        """The definition that the index names for a key."""
        if key not in self._known:
            self._known[key] = found = self._read(key)
            if found is not None:
                self._anywhere.setdefault(key[1], []).append((key[0], found))
        return self._known[key]

    def chain(self, namespace: str | None, definition: ClassDefinition) -> list[ClassDefinition]:
        """The class and its superclasses, the root first; ends at a cycle or a missing class."""
        found = [definition]
        seen = {definition.name.upper()}
        while found[-1].superclass and len(found) < _DEPTH_MAX:
            name = found[-1].superclass.upper()
            above = None if name in seen else self.definition(namespace, self._hashed(name))
            if above is None:
                break
            seen.add(name)
            found.append(above)
        return found[::-1]

    def layout(self, namespace: str | None, digest: str) -> Layout | None:
        """How instances of a class lie; ``None`` when the class is not defined anywhere."""
        key = (namespace, digest)
        if key not in self._layouts:
            definition = self.definition(namespace, digest)
            self._layouts[key] = (
                None if definition is None else self.layout_of(namespace, definition)
            )
        return self._layouts[key]

    def layouts(self, digest: str) -> list[Layout]:
        """The different layouts of a class in all namespaces, for an instance of an unknown one."""
        if digest not in self._everywhere:
            found: list[Layout] = []
            places = self._places(digest)[:_PLACES_MAX]
            # Translations of a class come last: they lack what is not translated, such as keys.
            for namespace, definition in sorted(places, key=lambda place: is_amended(place[1])):
                layout = self.layout_of(namespace, definition)
                if layout not in found:
                    found.append(layout)
            self._everywhere[digest] = found
        return self._everywhere[digest]

    def layout_of(self, namespace: str | None, definition: ClassDefinition) -> Layout:
        """The same, of a definition at hand."""
        total = 0
        values: dict[int, Value] = {}
        classes = self.chain(namespace, definition)
        for one in classes:
            # A superclass's own table only has room for what it knows of.
            total = max([total, *(p.order + 1 for p in one.properties)])
            values.update({p.order: value for p, value in defaults(one, total)})
        return build_layout(classes, values)
