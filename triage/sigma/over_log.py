"""The records of one log, past the rules on their way to everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from triage.events.facts import Fact, actors, fields
from triage.events.fields import as_object, data_of, origin_of
from triage.events.reader import Raw
from triage.model import Gap, Location, Why
from triage.sigma.match import Match, Matcher, matcher
from triage.sigma.rule import Rules
from triage.sigma.sources import Events

_LEVEL, _KINDS_MAX, _SHOWN, _GAPS_MAX = ',"Level"', 20_000, 1000, 50

Sources = tuple[tuple[str, Events], ...]


@dataclass(slots=True)
class Ruled:
    """``tell`` takes a fact, the number of its record, and the record."""

    matcher: Matcher
    loads: Callable[[str], Any]
    tell: Callable[[Fact, int, str], None]
    kinds: dict[str, Sources] = field(default_factory=dict)

    @classmethod
    def of(
        cls, rules: Rules, loads: Callable[[str], Any], tell: Callable[[Fact, int, str], None]
    ) -> Ruled:
        return cls(matcher(rules), loads, tell)

    def over(self, steps: Iterable[Raw]) -> Iterator[Raw]:
        """The same records; what the rules match of them is told at the end of each batch."""
        for raw in steps:
            self._take(raw[0], raw[2])
            yield raw
        self._tell(self.matcher.flush())

    def gaps(self, location: Location) -> Iterator[Gap]:
        """What could not be asked of this log."""
        for one in self.matcher.refused[:_GAPS_MAX]:
            yield Gap(location, Why.REFUSED, f"Sigma rule {one.file}: {one.detail}")
        more = len(self.matcher.refused) - _GAPS_MAX
        if more > 0:
            yield Gap(location, Why.REFUSED, f"{more} more Sigma rules were not run to their end")

    def _take(self, number: int, text: str) -> None:
        end = text.find(_LEVEL, 60)
        sources = self.kinds.get(text[60:end])
        if sources == ():
            return
        try:
            event = as_object(as_object(self.loads(text)).get("Event"))
            if sources is None:
                sources = self._sources(text[60:end], event)
            if sources:
                self._tell(self.matcher.take(sources, number, text, event))
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return  # the judgement counts it among what cannot be understood

    def _sources(self, begin: str, event: dict[str, Any]) -> Sources:
        provider, event_id, channel, _ = origin_of(event)
        found = self.matcher.wants(provider, event_id, channel)
        if len(self.kinds) < _KINDS_MAX and len({one.channels for _, one in found} - {None}) == 0:
            self.kinds[begin] = found
        return found

    def _tell(self, matches: Iterable[Match]) -> None:
        for match in matches:
            self.tell(self._fact(match), match.number, match.text)

    def _fact(self, match: Match) -> Fact:
        rule = match.rule
        event = as_object(self.loads(match.text)["Event"])
        named = [(name, value[:_SHOWN]) for name, value in match.named]
        shown = fields(
            ("rule", rule.title), ("rule_id", rule.id), ("level", rule.level),
            ("status", rule.status), ("tags", ", ".join(rule.tags)), ("file", rule.file), *named,
        )  # fmt: skip
        same = ("rule", "rule_id", "file")
        exact = f"{rule.file}\0{rule.id}\0{rule.title}"
        return Fact("sigma-rule", shown, (), same, _actors(event), exact=exact)


def _actors(event: dict[str, Any]) -> tuple[str, ...]:
    data = data_of(event)
    return actors(data, "ProcessGuid", "NewProcessId" if "NewProcessId" in data else "ProcessId")
