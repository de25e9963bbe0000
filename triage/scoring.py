"""Findings on one subject -> a score from 0 to 100, a severity, and the sum written out.

The strongest finding of each family counts, strongest first, the i-th divided by i^1.5
(diminishing returns: many weak facts do not add up to a strong one). Three promises, each a
test: the score is bounded, does not depend on the order, and is never lowered by one
more finding of harm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from triage.model import Confidence, Finding, Severity

# A subject with only weak evidence (names, entropy, second-hand records) stays below high.
WEAK_CAP = 69
_ATTESTED = 5
_BANDS = (
    (90, Severity.CRITICAL),
    (70, Severity.HIGH),
    (40, Severity.MEDIUM),
    (20, Severity.LOW),
    (0, Severity.INFO),
)


def points(finding: Finding) -> int:
    """What a finding is worth; an attested one no more than information."""
    if finding.attested:
        return _ATTESTED
    return finding.severity.points


def counted(findings: Sequence[Finding]) -> list[Finding]:
    """The strongest finding of each family, strongest first; ties by indicator id."""
    best: dict[str, Finding] = {}
    for finding in sorted(
        findings, key=lambda f: (-points(f), f.attested, f.indicator, f.evidence)
    ):
        best.setdefault(finding.family, finding)
    return sorted(best.values(), key=lambda f: (-points(f), f.attested, f.indicator))


def score(findings: Sequence[Finding], floor: int = 0) -> int:
    """The score of a subject; ``floor`` is what a chain of linked subjects demands."""
    ranked = counted(findings)
    total = sum(points(f) / math.pow(i, 1.5) for i, f in enumerate(ranked, 1))
    capped = min(100.0, total)
    # All findings are asked, not only those that count: a weak one must not lower the score by
    # taking the place of a surer one of its family.
    unexplained = [f for f in findings if not f.attested]
    if unexplained and all(f.confidence is Confidence.WEAK for f in unexplained):
        capped = min(capped, WEAK_CAP)
    return max(round(capped), min(100, floor))


def severity_of(value: int) -> Severity:
    """The band a score falls into."""
    return next(severity for least, severity in _BANDS if value >= least)


def sum_in_words(findings: Sequence[Finding], value: int, floor: int = 0) -> str:
    """How the score came about, for the report's reader to check."""
    parts = []
    for i, finding in enumerate(counted(findings), 1):
        attested = ", attested benign" if finding.attested else ""
        share = "" if i == 1 else f" / {math.pow(i, 1.5):.1f}"
        parts.append(f"{finding.indicator} {points(finding)}{share}{attested}")
    text = f"score {value} = " + " + ".join(parts)
    if value == 100:
        text += ", capped at 100"
    if floor and floor == value:
        text += f", raised to {floor} by what it is linked with"
    return text
