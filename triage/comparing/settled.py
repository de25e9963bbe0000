"""A subject with findings that somebody answers for: lowered, never removed, with the reason."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from triage.model import Benign, Finding, Subject
from triage.scoring import counted, score, severity_of, sum_in_words


def settled(subject: Subject, indicators: Collection[str], benign: Benign) -> Subject:
    """``subject`` with the findings of some indicators attested by ``benign``.

    Judged benign only when nothing else is against it; a floor that a chain set stays while
    anything is. The explanation says what it was before.
    """
    findings = tuple(
        replace(each, attested=True) if each.indicator in indicators else each
        for each in subject.findings
    )
    if findings == subject.findings:
        return subject
    open_ones = [each for each in findings if not each.attested]
    floor = subject.score if open_ones and subject.score > score(subject.findings) else 0
    value = score(findings, floor)
    was = f"was {subject.severity.value}, score {subject.score}"
    reason = f"{benign.reason} ({benign.source}); {was}"
    rest = [line for line in subject.explanation if not line.startswith("score ")]
    return replace(
        subject,
        title=_title(subject, open_ones),
        findings=findings,
        score=value,
        severity=severity_of(value),
        benign=subject.benign if open_ones else replace(benign, reason=f"{benign.reason}; {was}"),
        explanation=(sum_in_words(findings, value, floor), reason, *rest),
    )


def _title(subject: Subject, open_ones: Sequence[Finding]) -> str:
    """The title with the worst of what is still open; as it was where nothing is."""
    worst = f": {counted(subject.findings)[0].title}"
    if not open_ones or not subject.title.endswith(worst):
        return subject.title
    return f"{subject.title.removesuffix(worst)}: {counted(open_ones)[0].title}"
