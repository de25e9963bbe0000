"""Classes that are called like those of Windows and are none of them.

Win32_Services beside Win32_Service, letters of another alphabet, the name of a real class in a
namespace where it does not belong, or just the prefix. Only classes that stand alone are asked:
what has a superclass or a provider belongs to a schema.

Measured on the repositories of Windows XP and Windows 10: no class that stands alone, outside of
the namespaces with translations (``ms_409``), is a step away from one of a schema, except for a
number at its end; and none in the usual namespaces has Windows' prefix, one to three properties,
no key and no qualifier.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from triage.parsers.cim.definitions import ClassDefinition, qualifiers
from triage.parsers.cim.repository import Repository, Stored
from triage.wmi.storage import stands_alone

SPELLING, LETTERS, PLACE, PREFIX = "spelling", "letters", "place", "prefix"
_PREFIXES = ("win32_", "cim_", "msft_")
_USUAL = frozenset({"root", "root\\cimv2", "root\\default", "root\\subscription", "root\\wmi"})
_TRANSLATED = re.compile(r"\\ms_[0-9a-f]+$", re.IGNORECASE)
#: Qualifiers that Windows' own declarations have, and classes made by a script have not.
_DECLARED = frozenset({"locale", "version", "classversion", "uuid", "wmi", "guid", "description"})
_LEAST, _FEW = 9, 3
_END = 4
_ALONE_MAX, _BUCKET = 5000, 1000  # a hostile repository may have any number
# Letters of other alphabets that look like those of Latin. Unicode TR39, confusables.
_ALIKE = str.maketrans("асеіјорѕхуԁһӏԝοανωΙ", "aceijopsxydhlwoavwi")


@dataclass(slots=True)
class Imitations:
    """The names of one repository's classes, and those of them that might be borrowed."""

    schema: dict[str, set[str]] = field(default_factory=dict)
    spelled: dict[str, str] = field(default_factory=dict)
    alone: list[tuple[Stored, str, str]] = field(default_factory=list)
    ends: dict[tuple[int, str], list[str]] = field(default_factory=dict)

    def take(self, repository: Repository, stored: Stored) -> None:
        """Remember a class."""
        what = stored.what
        if not isinstance(what, ClassDefinition):
            return
        name = what.name
        if what.superclass or not stands_alone(what):
            if name.lower().startswith(_PREFIXES):
                self.schema.setdefault(name.lower(), set()).add(stored.namespace or "")
                self.spelled.setdefault(name.lower(), name)
            return
        space = (repository.namespace_name(stored.namespace) or "").lower()
        if not _TRANSLATED.search(space):
            self.alone.append((stored, name, space))

    def found(self) -> Iterator[tuple[Stored, str, str]]:
        """(class, what it resembles, how) for every class that resembles one of Windows."""
        for name in sorted(self.schema):
            for end in (name[:_END], name[-_END:]):
                bucket = self.ends.setdefault((len(name), end), [])
                if len(bucket) < _BUCKET:
                    bucket.append(name)
        for stored, name, space in self.alone[:_ALONE_MAX]:
            match = self._match(stored, name, space)
            if match is not None:
                yield stored, *match

    def _match(self, stored: Stored, name: str, space: str) -> tuple[str, str] | None:
        low = name.lower()
        folded = _folded(low)
        if folded != low:
            return (
                (self.spelled.get(folded, folded), LETTERS)
                if folded.startswith(_PREFIXES)
                else None
            )
        plain = _is_plain(stored)
        elsewhere = self.schema.get(low)
        if elsewhere is not None:
            return (name, PLACE) if plain and (stored.namespace or "") not in elsewhere else None
        near = self._near(low)
        if near is not None:
            return self.spelled[near], SPELLING
        if low.startswith(_PREFIXES) and space in _USUAL and plain and _is_small(stored):
            return low[: low.index("_") + 1], PREFIX
        return None

    def _near(self, name: str) -> str | None:
        """A class of a schema that is one letter away: one more, one less, one other, two swapped.

        Numbers do not count: ``MSFT_TaskSettings2`` is another version, not another's name.
        """
        if len(name) < _LEAST or "_" not in name:
            return None
        for size in (len(name), len(name) - 1, len(name) + 1):
            for end in (name[:_END], name[-_END:]):
                # One letter changes either the beginning or the end.
                for one in self.ends.get((size, end), ()):
                    if _is_near(name, one):
                        return one
        return None


def _is_near(name: str, other: str) -> bool:
    start = 0
    for one, two in zip(name, other, strict=False):
        if one != two:
            break
        start += 1
    mine, theirs = name[start:], other[start:]
    if mine[:2] == theirs[1::-1] and mine[2:] == theirs[2:]:
        return True
    pairs = ((mine[1:], theirs[1:]), (mine[1:], theirs), (mine, theirs[1:]))
    changed = mine[:1] + theirs[:1]
    return any(one == two for one, two in pairs) and not any(map(str.isdigit, changed))


def _folded(name: str) -> str:
    """A name in Latin letters, as it looks."""
    if name.isascii():
        return name
    plain = unicodedata.normalize("NFKD", name).lower().translate(_ALIKE)
    return "".join(char for char in plain if not unicodedata.combining(char))


def _is_plain(stored: Stored) -> bool:
    """Whether a class lacks what declarations have: qualifiers of its own, and a key."""
    what = stored.what
    assert isinstance(what, ClassDefinition)
    if {q.name.lower() for q in qualifiers(what, what.qualifiers_at)} & _DECLARED:
        return False
    marks = (q.name.lower() for p in what.properties for q in qualifiers(what, p.qualifiers_at))
    return "key" not in set(marks)


def _is_small(stored: Stored) -> bool:
    what = stored.what
    return isinstance(what, ClassDefinition) and 1 <= len(what.properties) <= _FEW
