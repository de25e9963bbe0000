"""The order in which every report tells things: the worst first, then by place and name."""

from __future__ import annotations

from collections.abc import Iterable

from triage.model import Confidence, Finding, Gap, Severity, Subject

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
        subject.location,
        subject.id,
    )


def finding_key(finding: Finding) -> tuple[object, ...]:
    """Sorts findings: the most telling first, those a benign explanation covers last."""
    return (
        finding.attested,
        -finding.severity.points,
        _SURENESS[finding.confidence],
        finding.indicator,
        finding.location,
        finding.evidence,
        finding.verify,
    )


def subjects(items: Iterable[Subject]) -> list[Subject]:
    return sorted(items, key=subject_key)


def findings(items: Iterable[Finding]) -> list[Finding]:
    return sorted(items, key=finding_key)


def gaps(items: Iterable[Gap]) -> list[Gap]:
    return sorted(items, key=lambda gap: (gap.location, gap.why, gap.detail))
