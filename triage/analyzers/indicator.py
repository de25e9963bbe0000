"""The shape of an indicator and of an attestation: data round one pure function each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from triage.model import Benign, Confidence, Evidence, Severity
from triage.records import dataclass
from triage.scene import Scene

HEADINGS = (
    "What it looks for",
    "Why it matters",
    "What else looks like this",
    "How to check by hand",
    "References",
)


@dataclass(frozen=True, slots=True)
class Indicator:
    """One suspicious fact. ``family`` groups indicators of which only the strongest counts.

    ``check(artifact, scene)`` yields an Evidence for each instance; ``benign_if`` says in a
    sentence what would make it harmless; ``doc`` is the module's docstring, which has the
    headings of :data:`HEADINGS` in that order.
    """

    id: str
    title: str
    family: str
    techniques: tuple[str, ...]
    severity: Severity
    confidence: Confidence
    inspects: type
    check: Callable[[Any, Scene], Iterator[Evidence]]
    benign_if: str
    doc: str | None


@dataclass(frozen=True, slots=True)
class Attestation:
    """A checked benign explanation: ``covers`` names the indicators it speaks about.

    ``check(artifact, scene)`` returns the reason and what it rests on, or ``None``. It lowers
    what it covers to ``info`` and never removes a finding.
    """

    id: str
    covers: frozenset[str]
    inspects: type
    check: Callable[[Any, Scene], Benign | None]
    doc: str | None
