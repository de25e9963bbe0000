"""What of a folder of rules is not run, as gaps: each with its reason, the foreign ones counted."""

from __future__ import annotations

from collections.abc import Iterator

from triage.model import Gap, Location, Why
from triage.sigma.rule import Refused, Rules

_SHOWN = 200
_FOREIGN = "not for Windows"


def gaps_of(rules: Rules) -> list[Gap]:
    """A gap for each rule that is refused; collections of rules hold many for other systems."""
    own = [one for one in rules.refused if _FOREIGN not in one.detail]
    return list(_gaps(rules, own))


def _gaps(rules: Rules, own: list[Refused]) -> Iterator[Gap]:
    for one in own[:_SHOWN]:
        yield Gap(Location("--sigma", one.file), Why.REFUSED, one.detail)
    if len(own) > _SHOWN:
        detail = f"{len(own) - _SHOWN} more rules are not run; the first {_SHOWN} say why"
        yield Gap(Location("--sigma"), Why.TRUNCATED, detail)
    foreign = len(rules.refused) - len(own)
    if foreign:
        yield Gap(Location("--sigma"), Why.REFUSED, f"{foreign} rules are for other systems")
    if not rules.rules:
        yield Gap(Location("--sigma"), Why.ABSENT, "no rule in it can be run over event logs")
