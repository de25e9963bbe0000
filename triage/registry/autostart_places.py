"""The table of places that run or load something, expanded for one hive.

A pattern's ``*`` stands for one name. Where the same setting has several homes (a 64-bit and a
32-bit view, the machine's and the user's), the base of the row says which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from triage.knowledge import table
from triage.model import Severity
from triage.parsers.regf import Hive, Key
from triage.records import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One row of ``registry_autostart.toml``; ``values`` in lower case, ``*`` for all."""

    id: str
    what: str
    base: str
    keys: tuple[str, ...]
    values: frozenset[str]
    takes: str
    technique: str
    usual: re.Pattern[str] | None
    rare: Severity | None
    bulk: bool
    source: str


@cache
def places() -> dict[str, Place]:
    """Every row by its id."""
    return {
        row["id"]: Place(
            row["id"],
            row["what"],
            row["base"],
            tuple(row["keys"]),
            frozenset(value.lower() for value in row["values"]),
            row["takes"],
            row["technique"],
            re.compile(row["usual"], re.DOTALL) if "usual" in row else None,
            Severity(row["rare"]) if "rare" in row else None,
            row.get("bulk", False),
            row["source"],
        )
        for row in table("registry_autostart")["places"]
    }


#: For a base and a kind of hive: what stands before the patterns. ``ccs`` is every control set.
_BASES: dict[str, dict[str, tuple[str, ...]]] = {
    "software": {
        "software": ("", "Wow6432Node\\"),
        "user": ("Software\\", "Software\\Wow6432Node\\"),
    },
    "classes": {
        "software": ("Classes\\", "Classes\\Wow6432Node\\", "Wow6432Node\\Classes\\"),
        "classes": ("", "Wow6432Node\\"),
        "user": ("Software\\Classes\\", "Software\\Classes\\Wow6432Node\\"),
    },
    "userclasses": {"classes": ("",), "user": ("Software\\Classes\\",)},
    "user": {"user": ("",)},
    "ccs": {"system": ("ccs\\",)},
    "none": {},  # read by its own function
}


def of_hive(kind: str) -> list[tuple[Place, str]]:
    """Every place with each prefix that it has in a kind of hive."""
    return [
        (place, prefix)
        for place in places().values()
        for prefix in _BASES[place.base].get(kind, ())
    ]


class Tree:
    """Subkeys by name, remembered while one hive is read."""

    def __init__(self, hive: Hive) -> None:
        self.hive = hive
        self._below: dict[int, dict[str, Key]] = {}

    def below(self, key: Key) -> dict[str, Key]:
        """The subkeys of a key by lower-case name; of equal names the first."""
        found = self._below.get(key.offset)
        if found is None:
            found = {}
            for one in self.hive.subkeys(key):
                found.setdefault(one.name.lower(), one)
            self._below[key.offset] = found
        return found

    def expand(self, pattern: str) -> Iterator[Key]:
        """The keys at a pattern's places, in the order of the hive."""
        keys = [self.hive.root]
        for part in pattern.split("\\"):
            low = part.lower()
            keys = [child for key in keys for child in self._matching(key, low)]
            if not keys:
                return
        yield from keys

    def _matching(self, key: Key, part: str) -> list[Key]:
        below = self.below(key)
        if part == "*":
            return list(below.values())
        if part == "ccs":
            return [k for name, k in below.items() if re.fullmatch(r"controlset\d{3}", name)]
        if "*" in part:
            return [k for name, k in below.items() if name.startswith(part.partition("*")[0])]
        found = below.get(part)
        return [] if found is None else [found]


@cache
def _patterns(kind: str) -> tuple[tuple[re.Pattern[str], Place], ...]:
    return tuple(
        (re.compile(_regex(prefix + key), re.IGNORECASE), place)
        for place, prefix in of_hive(kind)
        for key in place.keys
    )


def _regex(pattern: str) -> str:
    parts = []
    for part in pattern.split("\\"):
        if part == "ccs":
            parts.append(r"(?:ccs|controlset\d{3})")
        else:
            parts.append(re.escape(part).replace(r"\*", r"[^\\]+"))
    return r"\\".join(parts)


def match(kind: str, path: str, value: str) -> Place | None:
    """The place of a value whose key is not in the tree: of the whole path, or of its end."""
    low, whole = value.lower(), path.removeprefix("?\\")
    broken = whole != path
    for pattern, place in _patterns(kind):
        if "*" not in place.values and low not in place.values:
            continue
        if pattern.fullmatch(whole) or (broken and _ends(pattern, whole)):
            return place
    return None


def _ends(pattern: re.Pattern[str], path: str) -> bool:
    """Whether a path whose upper part is lost can be the end of a place, by three names or more."""
    if path.count("\\") < 2:
        return False
    wanted = pattern.pattern.lower().replace("\\\\", "\0").split("\0")
    given = path.lower().split("\\")
    if len(given) > len(wanted):
        return False
    return all(
        re.fullmatch(one, name) is not None
        for one, name in zip(reversed(wanted), reversed(given), strict=False)
    )
