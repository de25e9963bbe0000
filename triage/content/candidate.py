"""What a decoder proposes, and the work it may spend on it.

A decoder is a function of one layer's bytes that yields :class:`Candidate` values. It never
decides: the search in :mod:`triage.content.search` keeps what reveals a structure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from triage.records import dataclass

#: How telling the decoded bytes must be (see :func:`triage.content.worth.worth`) before a
#: candidate is believed. ``PROVEN``: checksums or a whole format agree, anything goes.
#: ``PLAIN``: clean decoding, readable text is enough. ``WORTHY``: must be more than text.
#: ``GUESS``: the transformation always succeeds, so only code, a script or a proven
#: format behind it counts.
PROVEN, PLAIN, WORTHY, GUESS = 0, 40, 45, 70


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading of a layer or of a part of it.

    ``kind`` is what the encoded bytes are (``"base64"``), ``step`` how they were decoded.
    ``start`` and ``end`` bound the part of the layer it was decoded from; both ``None``
    means all of it. ``named`` is set when that part deserves a layer of its own.
    ``need`` is one of the constants above. ``rewrites`` marks a text put together from the
    layer, which stands beside other readings instead of competing with them.
    """

    data: bytes
    kind: str
    step: str
    start: int | None = None
    end: int | None = None
    need: int = PLAIN
    named: bool = False
    rewrites: bool = False
    traits: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one examination, all in counters so that every machine gives one answer.

    ``depth`` in layers, ``output`` in bytes over all decodings, ``layer`` in bytes of one
    decoding, ``steps`` in decodings tried, ``work`` in units that take about a nanosecond
    (each decoder states its costs; a byte handled in Python costs :data:`SLOW` and more).
    """

    depth: int = 32
    output: int = 64 << 20
    layer: int = 32 << 20
    steps: int = 600
    work: int = 1_500_000_000
    layers: int = 64


LIMITS = Limits()

#: Work units for one byte that is handled by interpreted code.
SLOW = 64


class Exhausted(Exception):
    """A budget ran out; never leaves the content package."""


@dataclasses.dataclass(slots=True)
class Budget:
    """What is left of the limits. ``hit`` names the limits that were met, in order."""

    limits: Limits
    output: int = 0
    steps: int = 0
    work: int = 0
    hit: tuple[str, ...] = ()

    def note(self, limit: str) -> None:
        """Remember that a limit was met; the strongest is shown in ``Content.limit``."""
        if limit not in self.hit:
            self.hit = (*self.hit, limit)

    def spend(self, work: int) -> None:
        """Count work; raises :class:`Exhausted` when there is none left."""
        self.work += work
        if self.work > self.limits.work:
            self.note("work")
            raise Exhausted

    def room(self) -> int:
        """How many bytes one more decoding may give."""
        return max(0, min(self.limits.layer, self.limits.output - self.output))

    def take(self, size: int) -> None:
        """Count one decoding of ``size`` bytes; raises :class:`Exhausted` past a limit."""
        self.output += size
        self.steps += 1
        if self.output > self.limits.output:
            self.note("output")
            raise Exhausted
        if self.steps > self.limits.steps:
            self.note("steps")
            raise Exhausted


@dataclass(frozen=True, slots=True)
class Hints:
    """Keys seen in the layers above: string literals and numbers of a loader script."""

    keys: tuple[bytes, ...] = ()

    def more(self, keys: Sequence[bytes]) -> Hints:
        """These hints and some more, at most 48, the nearest first."""
        return Hints(tuple(dict.fromkeys((*keys, *self.keys)))[:48])
