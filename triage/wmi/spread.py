"""Payloads in parts: over the properties of a class, the instances of a class, several classes.

Only parts that look like pieces of something encoded or binary are collected, and a group is
tried only when its parts together look like that too: names and paths do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from triage.content.candidate import Limits
from triage.content.identify import identify
from triage.content.kinds import family
from triage.content.reassemble import Part, Reassembly, reassemble
from triage.parsers.cim.definitions import ClassDefinition
from triage.parsers.cim.repository import Stored
from triage.wmi.objects import Keys
from triage.wmi.storage import Held
from triage.wmi.words import contents_of, is_security_descriptor

_LEAST_PART, _LEAST_SUM, _LEAST_OF_CLASSES = 8, 160, 64
_PARTS_MAX = 4096
_TRIES_MAX = 64
_LIMITS = Limits(output=16 << 20, layer=8 << 20, steps=120, work=300_000_000)
_DENSE = re.compile(rb"[!-~]+[ \r\n]{0,2}")
_CODED = re.compile(rb"[A-Za-z0-9+/=_,\s-]+")
_DIGITS = re.compile(rb"[0-9A-F,xX\s]+|[0-9a-f,xX\s]+")
_CLASSES = bytes(
    65 if 65 <= c < 91 else 97 if 97 <= c < 123 else 48 if 48 <= c < 58 else 43 for c in range(256)
)
_CARRIERS = frozenset({"encoded", "executable", "archive", "compressed", "encrypted"})
_NUMBERS = re.compile(r"(\d+)")

Key = tuple[str | None, str, str]


@dataclass(slots=True)
class Group:
    """Parts under one heading; ``owner`` is the object that stands for all of them."""

    owner: Stored
    parts: list[Part] = field(default_factory=list)


@dataclass(slots=True)
class Spread:
    """Every group of parts of one repository."""

    groups: dict[Key, Group] = field(default_factory=dict)

    def _take(self, heading: Key, stored: Stored, name: str, data: bytes) -> None:
        group = self.groups.setdefault(heading, Group(stored))
        if len(group.parts) < _PARTS_MAX:
            group.parts.append((name, data))

    def take_all(self, stored: Stored, name: str, held: list[Held], keys: Keys) -> None:
        """Set the values of one object aside, under every heading they could belong to."""
        place = stored.namespace
        mine = [(one, data) for one in held for data in [_part_of(one)] if data is not None]
        if isinstance(stored.what, ClassDefinition):
            for one, data in mine:
                self._take((place, name, "its defaults"), stored, one.name, data)
                if len(data) >= _LEAST_OF_CLASSES:
                    self._take((place, "", "classes"), stored, f"{name}.{one.name}", data)
            return
        key = keys.text(stored) if mine else ""
        for one, data in mine:
            self._take((place, name, one.name), stored, key or one.name, data)
            if len(mine) > 1:
                self._take((place, name, f"instance {key}"), stored, one.name, data)

    def joined(self) -> Iterator[tuple[Stored, Reassembly]]:
        """What the groups make together, where that is something no part is by itself."""
        tries = 0
        for group in self.groups.values():
            if tries >= _TRIES_MAX:
                return
            if len(group.parts) < 2 or not _likely(group.parts):
                continue
            tries += 1
            found = reassemble(group.parts, limits=_LIMITS)
            if found is not None:
                yield group.owner, found


def _part_of(held: Held) -> bytes | None:
    """A value's bytes, when they look like a piece of something."""
    data = b"".join(contents_of(held.value, held.type))
    if len(data) < _LEAST_PART or held.type.startswith("object"):
        return None
    if held.type in ("string", "string[]", "reference", "datetime"):
        return data if _DENSE.fullmatch(data) else None
    return None if is_security_descriptor(data) else data


def _likely(parts: list[Part]) -> bool:
    """Whether the parts in their natural order look like something carried, not like names."""
    if sum(len(data) for _, data in parts) < _LEAST_SUM:
        return False
    joined = b"".join(data for _, data in sorted(parts, key=_natural))
    if _CODED.fullmatch(joined):
        return _mixed(joined)
    kind = identify(joined).kind
    return family(kind) in _CARRIERS or kind in ("random", "shellcode", "data")


def _mixed(text: bytes) -> bool:
    """Whether an encoding's alphabet is used as encodings do: digits only, or letters at random.

    In base64 the class of a character (upper, lower, digit) changes at every other step, in names
    at every fifth or so.
    """
    if _DIGITS.fullmatch(text):
        return True
    classes = text.translate(_CLASSES)
    changes = sum(1 for one, other in pairwise(classes) if one != other)
    return changes >= 0.33 * len(text)


def _natural(part: Part) -> list[tuple[int, str]]:
    return [(int(t[:18]), "") if t.isdigit() else (0, t) for t in _NUMBERS.split(part[0])]
