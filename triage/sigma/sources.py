"""Which events a rule's log source means, and the names its fields go by there."""

from __future__ import annotations

from functools import cache
from typing import Any

from triage.knowledge import table
from triage.records import dataclass


@dataclass(frozen=True, slots=True)
class Events:
    """Some events: by provider or channel (lower case), by number; ``None`` is any.

    ``rename`` is the name of a table of field names, empty for none.
    """

    provider: str | None = None
    channels: frozenset[str] | None = None
    ids: frozenset[int] | None = None
    rename: str = ""

    def has(self, provider: str, event_id: int | None, channel: str) -> bool:
        """Whether an event is one of these; names in lower case."""
        return (
            (self.provider is None or provider == self.provider)
            and (self.channels is None or channel in self.channels)
            and (self.ids is None or event_id in self.ids)
        )


class UnknownSource(Exception):
    """A log source that no event log of Windows is; the message says which."""


def key_of(product: str | None, category: str | None, service: str | None) -> str:
    """``category/service`` of a rule; raises :class:`UnknownSource`."""
    if (product or "windows").lower() != "windows":
        raise UnknownSource(f"it is for {product} and not for Windows")
    own, other = (category or "").lower(), (service or "").lower()
    if own and own not in _categories():
        raise UnknownSource(f"no event log of Windows is known for the category {category}")
    if other and other not in _services():
        raise UnknownSource(f"no event log of Windows is known for the service {service}")
    if not own and not other and product is None:
        raise UnknownSource("its log source says neither product nor category nor service")
    return f"{own}/{other}"


@cache
def events_of(key: str) -> tuple[Events, ...]:
    """The events of a log source, by the key that :func:`key_of` gave."""
    category, _, service = key.partition("/")
    channels = _services().get(service)
    if not category:
        return (Events(channels=channels),)
    return tuple(
        Events(
            None if "provider" not in row else row["provider"].lower(),
            channels,
            frozenset(row["ids"]),
            row.get("rename", ""),
        )
        for row in _categories()[category]
    )


@cache
def renames(name: str) -> dict[str, str]:
    """The fields of a source under the names that rules use."""
    return dict(table("sigma_sources")["renames"][name]) if name else {}


@cache
def _categories() -> dict[str, list[dict[str, Any]]]:
    return {row["name"]: row["events"] for row in table("sigma_sources")["categories"]}


@cache
def _services() -> dict[str, frozenset[str]]:
    rows = table("sigma_sources")["services"]
    return {row["name"]: frozenset(name.lower() for name in row["channels"]) for row in rows}
