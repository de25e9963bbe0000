"""Examination of values within a budget: what do the bytes of a property hold?

A repository has tens of thousands of values and few that could hide anything. The cheap tests
come first; each content is examined once; what the budget cuts is counted, not hidden.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from functools import lru_cache

from triage.content.candidate import Limits as ContentLimits
from triage.content.examine import examine, glance, payload, worth_unwrapping
from triage.content.kinds import family
from triage.model import Content
from triage.scope import Budget, Limits

#: Less is no payload; the shortest that runs is a command of a few words.
LEAST = 24
_LIMITS = ContentLimits(output=16 << 20, layer=8 << 20, steps=200, work=400_000_000)
# Thorough looks in a repository, and at the values of one object; a fleet's worth of policies must
# not take hours, and one class made of thousands of values must not use up what others need.
_WHOLE_MAX, _WHOLE_MAX_HERE = 400, 16
_SMALL = 1 << 16
_KEPT = 1 << 20  # a record of the snapshot holds at most a few megabytes
# A run without a blank that no name, path or GUID is: base64, hexadecimal, numbers.
RUN = re.compile(rb"[!-~]{100,}")
_WIDE_RUN = re.compile(rb"(?:[!-~]\0){100,}")


class Looker:
    """Examines, remembers, and keeps as many bytes as the collection has left."""

    def __init__(self, limits: Limits, budget: Budget) -> None:
        self._limits = limits
        self._budget = budget
        self._left = _WHOLE_MAX
        self._left_here = _WHOLE_MAX_HERE
        self.brief = 0

    def next_object(self) -> None:
        """Another object: each has the same right to a thorough look."""
        self._left_here = _WHOLE_MAX_HERE

    def look(self, data: bytes) -> Content | None:
        """What bytes are, ``None`` when there are too few; only the cheap look after many."""
        if len(data) < LEAST:
            return None
        digest = hashlib.sha256(data).hexdigest()
        known = self._budget.seen.get(digest)
        if known is None:
            head = data[: self._limits.examine]
            if self._left <= 0 or self._left_here <= 0:
                self.brief += 1
                return self.keeping(replace(glance(head, size=len(data)), sha256=digest), data)
            self._left -= 1
            self._left_here -= 1
            known = replace(_examined(head, len(data)), sha256=digest)
            self._budget.seen[digest] = known
        return self.keeping(known, data)

    def keeping(self, content: Content, data: bytes) -> Content:
        """The content with its first bytes, all that is allowed where they matter."""
        wanted = min(self._limits.keep, _KEPT) if is_telling(content, True) else 256
        return replace(content, kept=data[: self._budget.take(min(wanted, len(data)))])


def _examined(data: bytes, size: int) -> Content:
    return _remembered(data, size) if len(data) <= _SMALL else _unwrapped(data, size)


@lru_cache(maxsize=64)
def _remembered(data: bytes, size: int) -> Content:
    """The same script stands in many logs, the same value under many names."""
    return _unwrapped(data, size)


def _unwrapped(data: bytes, size: int) -> Content:
    content = glance(data, size=size)
    if family(content.kind) == "executable" or not worth_unwrapping(content):
        return content
    return examine(data, size=size, limits=_LIMITS)


_TELLING = frozenset(
    {"executable", "script", "bytecode", "archive", "compressed", "encrypted", "encoded"}
)


def is_telling(content: Content, sizeable: bool) -> bool:
    """Whether a content is something to carry or run: a payload, or sizeable and no plain data."""
    if payload(content) is not None:
        return True
    return sizeable and (content.kind == "random" or family(content.kind) in _TELLING)


def dense_runs(data: bytes) -> list[bytes]:
    """Long stretches without a blank inside other data, in one byte a character or UTF-16."""
    found = [match.group() for match in RUN.finditer(data)]
    return found + [match.group() for match in _WIDE_RUN.finditer(data)]
