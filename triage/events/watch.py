"""What is remembered while one log is read: contents looked at, scripts in parts, known names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from triage.content.carriers import carries
from triage.events.parts import Scripts, Services
from triage.knowledge import table
from triage.model import Content
from triage.wmi.looking import Looker

_TEXT_MAX = 4 << 20


@dataclass(slots=True)
class Watch:
    """The state of one log's reading."""

    looker: Looker
    scripts: Scripts = field(default_factory=Scripts)
    services: Services = field(default_factory=Services)
    #: The record at hand: its number and text.
    now: tuple[int, str] = (0, "")

    def look(self, data: bytes) -> Content | None:
        """What bytes hold; ``None`` for too few."""
        self.looker.next_object()
        return self.looker.look(data)

    def look_text(self, text: str) -> Content | None:
        """What a text holds, when something may hide in it; ``None`` otherwise."""
        data = text[:_TEXT_MAX].encode("utf-8", "surrogatepass")
        return self.look(data) if carries(data) else None

    def known_pipe(self, name: str) -> str | None:
        """What a pipe's name says, when it is one of the table."""
        found = name.lower()
        return next((what for pattern, what in _pipes() if pattern.search(found)), None)


@cache
def _pipes() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(row["pattern"]), row["what"]) for row in table("event_pipes")["pipes"])
