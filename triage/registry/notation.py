"""Paths of the Registry in one notation, and what a reference can mean on this image.

``HKCU`` is each profile's own hive, ``HKCR`` the machine's classes with every user's over them,
``CurrentControlSet`` the control set in use; 32-bit programs are led to ``Wow6432Node``.

Source: Microsoft, "HKEY_CLASSES_ROOT Key", "Registry Redirector".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from triage.model.windows import RegistryRead
from triage.records import dataclass
from triage.windows.registry_references import RegistryReference

_CONTROL_SET = re.compile(r"(?i)^(currentcontrolset|controlset\d{3})(?=\\|$)")
_CLASSES = re.compile(r"(?i)^software\\(?:wow6432node\\)?classes(?=\\|$)\\?")


@dataclass(frozen=True, slots=True)
class Place:
    """A key in one of the image's hives: the prefix of its mount and the path below it."""

    prefix: str
    path: str

    @property
    def full(self) -> str:
        return f"{self.prefix}\\{self.path}" if self.path else self.prefix


@dataclass(frozen=True, slots=True)
class Names:
    """What the image has: user prefixes, SID -> profile name, the control set in use."""

    users: tuple[str, ...]
    sids: tuple[tuple[str, str], ...] = ()
    current: int = 1

    def user_of(self, name: str) -> str | None:
        """The profile for a name or SID, in any letter case."""
        low = name.lower()
        for user in self.users:
            if user.lower() == low:
                return user
        wanted = next((user for sid, user in self.sids if sid.lower() == low), None)
        return next((u for u in self.users if wanted and u.lower() == wanted.lower()), None)


def resolve(key: str, names: Names, user: str | None = None) -> tuple[Place, ...]:
    """The places that a reference such as ``HKCU\\Software\\X`` can mean, likeliest first.

    ``user`` is the profile whose setting made the reference; without one every profile counts.
    """
    hive, _, path = key.partition("\\")
    users: Sequence[str] = names.users if user is None else (user,)
    if hive == "HKCU":
        return tuple(_unique(place for one in users for place in _user(one, path)))
    if hive == "HKU":
        name, _, rest = path.partition("\\")
        base = name[: -len("_classes")] if name.lower().endswith("_classes") else name
        found = names.user_of(base)
        if found is None:
            return ()
        return (
            (Place(f"HKU\\{found}_Classes", rest),) if base != name else tuple(_user(found, rest))
        )
    if hive == "HKCR":
        own = [Place(f"HKU\\{one}_Classes", path) for one in users]
        return tuple(_unique([*own, *_machine(f"SOFTWARE\\Classes\\{path}", names)]))
    if hive == "HKCC":
        return tuple(
            _machine(f"SYSTEM\\CurrentControlSet\\Hardware Profiles\\Current\\{path}", names)
        )
    return tuple(_unique(_machine(path, names)))


def reads_of(
    references: Iterable[RegistryReference], names: Names, user: str | None = None
) -> tuple[RegistryRead, ...]:
    """What a command or script may read on this image: each place once, likeliest first."""
    found = {
        RegistryRead(place.full, one.value): None
        for one in references
        if one.access != "write"
        for place in resolve(one.key, names, user)
    }
    return tuple(found)


def _user(user: str, path: str) -> Iterator[Place]:
    match = _CLASSES.match(path)
    if match is not None:
        yield Place(f"HKU\\{user}_Classes", path[match.end() :])
    yield Place(f"HKU\\{user}", path)


def _machine(path: str, names: Names) -> Iterator[Place]:
    head, _, rest = path.partition("\\")
    mount = f"HKLM\\{head.upper()}"
    if head.lower() == "system":
        current = f"ControlSet{names.current:03d}"
        match = _CONTROL_SET.match(rest)
        if match is not None and match.group(1).lower() == "currentcontrolset":
            rest = current + rest[match.end() :]
        yield Place(mount, rest)
        return
    yield Place(mount, rest)
    if head.lower() == "software" and not rest.lower().startswith("wow6432node"):
        yield Place(mount, f"Wow6432Node\\{rest}")


def _unique(places: Iterator[Place] | Sequence[Place]) -> Iterator[Place]:
    return iter(dict.fromkeys(places))


def general(path: str) -> str:
    """A path below a hive's root for tables: lower case, control sets as ``ccs``."""
    return _CONTROL_SET.sub("ccs", path).lower()


def below_hive(key: str) -> str:
    """A full path as tables know it: below the hive's root, in lower case, ``ccs``."""
    parts = key.split("\\")
    depth = 2 if parts[0] in ("HKLM", "HKU") else 1
    return general("\\".join(parts[depth:]).removeprefix("?\\"))
