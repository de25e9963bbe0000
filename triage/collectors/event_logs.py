"""Event logs of Windows: payloads kept in events, and events that tell of what else was done.

Every ``.evtx`` below the root in any letter case, in any folder: ``Windows/System32/winevt/Logs``,
archived logs, copies, or a folder of collected files. They are read by a package of its own (extra
``windows``), in child processes; without it their presence is a gap. A live Linux box has none.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from triage.model import Artifact, Content, Gap, Location, Why
from triage.scope import NotHere, Scope

if TYPE_CHECKING:
    from triage.events.places import Found
    from triage.model.windows import EventRecord
    from triage.sigma.rule import Rules

NAME = "event-logs"
_NO_SIGMA = "not run: pip install pysigma pysigma-backend-sqlite brings what reads Sigma rules"
_MISSING = "not read: pip install evtx orjson brings what reads event logs"


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield notable events and each log's state; returns how many records were read."""
    from triage.events.places import Found, logs

    steps = list(logs(scope.root))
    files = [step for step in steps if isinstance(step, Found)]
    if not steps:
        raise NotHere("no event logs")
    yield from (step for step in steps if isinstance(step, Gap))
    if not files and all(isinstance(s, Gap) and s.why is Why.DENIED for s in steps):
        raise NotHere("no event logs in what could be looked into")
    if files and find_spec("evtx") is None:
        for file in files:
            yield Gap(scope.root.locate(file.path), Why.REFUSED, _MISSING)
        return 0
    return (yield from _judged(scope, files))


def _judged(scope: Scope, files: list[Found]) -> Generator[Artifact | Gap, None, int]:
    from triage.events.workers import judge
    from triage.model.windows import EventLog, EventRecord

    count = 0
    sources = _Sources(scope)
    rules = None
    if scope.limits.sigma:
        rules, gaps = _rules(scope.limits.sigma)
        yield from gaps
    for step in judge(scope.root, files, scope.limits, scope.progress, rules=rules):
        if isinstance(step, EventLog):
            count += step.records
        if isinstance(step, EventRecord):
            yield _within(scope, sources.marked(step))
        else:
            yield step
    return count


class _Sources:
    """Whether who kept data in an event is registered; asked only when somebody did."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._asked = False
        self._names: frozenset[str] | None = None

    def marked(self, event: EventRecord) -> EventRecord:
        """The event, with the trait ``unregistered`` where the image does not know its source."""
        if event.act not in ("stored-data", "stored-parts") or event.provider is None:
            return event
        if not self._asked:
            from triage.events.registered import registered

            self._asked, self._names = True, registered(self._scope.root)
        if self._names is None or event.provider.lower() in self._names:
            return event
        return replace(event, traits=(*event.traits, "unregistered"))


def _rules(folder: str) -> tuple[Rules | None, list[Gap]]:
    """The user's Sigma rules, and gaps for those that cannot be run."""
    from triage.sigma.compile import compile_folder
    from triage.sigma.refusals import gaps_of

    if find_spec("sigma") is None or find_spec("sigma.backends.sqlite") is None:
        return None, [Gap(Location("--sigma"), Why.REFUSED, _NO_SIGMA)]
    rules = compile_folder(folder)
    return rules, gaps_of(rules)


def _within(scope: Scope, event: EventRecord) -> EventRecord:
    """The event with as many kept bytes as the whole collection has left."""
    joined = None if event.joined is None else _kept(scope, event.joined)
    fields = tuple(
        field if field.content is None else replace(field, content=_kept(scope, field.content))
        for field in event.fields
    )
    return replace(event, fields=fields, joined=joined)


def _kept(scope: Scope, content: Content) -> Content:
    if content.kept is None:
        return content
    return replace(content, kept=content.kept[: scope.budget.take(len(content.kept))])
