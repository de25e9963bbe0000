"""What a decoder proposed for some bytes, remembered while they are few.

The same inner layer is often reached several times: by two readings of its carrier, by a command
and the event that repeats it, by a look at a line and one at what it carries. The decoders that
try hundreds of keys depend on nothing but the bytes (and the keys named above them): what they
proposed is proposed again, and the work it took is counted again, so that limits are met where they
would have been.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from functools import lru_cache

from triage.content.candidate import Budget, Candidate, Limits

_LARGEST, _MOST = 2048, 192
_NO_LIMIT = Limits(output=1 << 62, layer=1 << 62, steps=1 << 62, work=1 << 62)

#: A decoder of which all that is needed are hashable arguments; it asks its budget for work only.
Step = Callable[..., Iterator[Candidate]]


class _Recording:
    """What came from a decoder so far, each with the work since the one before, and the decoder."""

    __slots__ = ("_budget", "_source", "ended", "proposed", "rest")

    def __init__(self, step: Step, data: bytes, more: tuple[Hashable, ...]) -> None:
        self._budget = Budget(_NO_LIMIT)
        self._source = step(data, *more, self._budget)
        self.proposed: list[tuple[int, Candidate]] = []
        self.ended = False
        self.rest = 0

    def advance(self) -> None:
        """Draw one candidate more, or find that there is none."""
        before = self._budget.work
        found = next(self._source, None)
        spent = self._budget.work - before
        if found is None:
            self.ended, self.rest = True, spent
        else:
            self.proposed.append((spent, found))


@lru_cache(maxsize=_MOST)
def _recording(step: Step, data: bytes, more: tuple[Hashable, ...]) -> _Recording:
    return _Recording(step, data, more)


def remembered(step: Step, data: bytes, *more: Hashable, budget: Budget) -> Iterator[Candidate]:
    """``step(data, *more, budget)``, each candidate of few bytes made once."""
    if len(data) > _LARGEST:
        yield from step(data, *more, budget)
        return
    known = _recording(step, data, more)
    at = 0
    while True:
        while at < len(known.proposed):
            spent, candidate = known.proposed[at]
            at += 1
            budget.spend(spent)
            yield candidate
        if known.ended:
            budget.spend(known.rest)
            return
        known.advance()
