"""The order in which every report tells things: the worst first, then by place and name."""

from __future__ import annotations

from collections.abc import Iterable

from triage.model import Confidence, Finding, Gap, Link, Severity, Subject
from triage.natural import natural, where

#: The worst first.
SEVERITIES = tuple(sorted(Severity, key=lambda severity: -severity.points))
_SURENESS = {Confidence.STRONG: 0, Confidence.MODERATE: 1, Confidence.WEAK: 2}


def subject_key(subject: Subject) -> tuple[object, ...]:
    """Sorts subjects: not judged benign first, then score, severity, place, name."""
    return (
        subject.benign is not None,
        -subject.score,
        -subject.severity.points,
        subject.kind,
        where(subject.location),
        natural(subject.id),
    )


def finding_key(finding: Finding) -> tuple[object, ...]:
    """Sorts findings: the most telling first, those a benign explanation covers last."""
    return (
        *_rank(finding),
        where(finding.location),
        [natural(line) for line in finding.evidence],
        finding.verify,
    )


def _rank(finding: Finding) -> tuple[bool, int, int, str]:
    return (
        finding.attested,
        -finding.severity.points,
        _SURENESS[finding.confidence],
        finding.indicator,
    )


def subjects(items: Iterable[Subject]) -> list[Subject]:
    return sorted(items, key=subject_key)


def findings(items: Iterable[Finding]) -> list[Finding]:
    first = list(items)
    # Most are told apart by this alone; places and evidence need a closer look.
    if len(first) < 2 or len({_rank(each) for each in first}) == len(first):
        return sorted(first, key=_rank)
    return sorted(first, key=finding_key)


def links(items: Iterable[Link]) -> list[Link]:
    return sorted(items, key=lambda link: (link.relation, natural(link.subject)))


def gaps(items: Iterable[Gap]) -> list[Gap]:
    return sorted(items, key=lambda gap: (where(gap.location), gap.why, natural(gap.detail)))
