"""What several kinds of evidence say when two subjects belong together.

Each kind finds its own ties (``links/kernel``, ``wmi/links``, ``registry/links``, ``events/links``,
``linux_image/links``); :mod:`triage.links.correlate` makes links and floors of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from triage.model import Artifact, Finding
from triage.records import dataclass

Judged = tuple["Artifact", tuple[Finding, ...]]


@dataclass(frozen=True, slots=True)
class Tie:
    """Subject ``one`` does something to ``other``; ``chain`` says why that is more than a link."""

    one: str
    relation: str
    other: str
    back: str
    chain: str = ""


def harmful_of(judged: Sequence[Judged]) -> list[Artifact]:
    """The artifacts of which not every finding has a benign explanation."""
    return [a for a, found in judged if not all(one.attested for one in found)]
