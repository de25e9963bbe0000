"""A fact that one event tells: what happened, to what, by whom; the same shape from any source."""

from __future__ import annotations

from collections.abc import Iterable

from triage.events.fields import Fields, as_number, as_text
from triage.model import Content
from triage.records import dataclass

#: A process that is not there is written so by one source or another.
_NOBODY = frozenset({"", "-", "?", "0", "0x0", "{00000000-0000-0000-0000-000000000000}"})


@dataclass(frozen=True, slots=True)
class Fact:
    """``fields`` are (name, text); in those that ``same`` names events told as one must agree.

    What differs in numbers only agrees; ``exact`` must be the same in every letter.
    ``processes`` are who acted, ``parents`` who started them: a GUID of Sysmon's, or ``pid N``.
    """

    act: str
    fields: tuple[tuple[str, str], ...]
    traits: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    user: str | None = None
    contents: tuple[tuple[str, Content], ...] = ()
    exact: str = ""


def fields(*pairs: tuple[str, str | None]) -> tuple[tuple[str, str], ...]:
    """Pairs whose text is known and says something."""
    return tuple((name, text) for name, text in pairs if text is not None and text.strip(" -"))


def text(data: Fields, *names: str) -> str | None:
    """The first of the named values that is there, as text."""
    for name in names:
        value = data.get(name)
        found: str | None = value if value.__class__ is str else as_text(value)
        if found is not None and found != "":
            return found
    return None


def actors(data: Fields, guid: str, pid: str) -> tuple[str, ...]:
    """Who acted: the GUID where there is one, and the process id, which may be reused."""
    found = []
    identity = as_text(data.get(guid)) or ""
    if identity.strip("{}") and identity.lower() not in _NOBODY:
        found.append("{" + identity.strip("{}").upper() + "}")
    number = as_number(data.get(pid))
    if number is not None and number > 0:
        found.append(f"pid {number}")
    return tuple(found)


def traits(*pairs: tuple[str, object]) -> tuple[str, ...]:
    """The names whose condition holds."""
    return tuple(name for name, holds in pairs if holds)


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
