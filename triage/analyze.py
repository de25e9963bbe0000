"""Snapshot -> report: run every indicator, attest what is benign, score, link, explain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from triage import __version__
from triage.analyzers import attestations_for, indicators_for
from triage.analyzers.indicator import Attestation, Indicator
from triage.knowledge import attack_version
from triage.links.correlate import Chains, chains
from triage.model import (
    Artifact,
    Benign,
    Evidence,
    Finding,
    IndicatorFacts,
    Process,
    Report,
    Snapshot,
    Subject,
    Why,
)
from triage.natural import natural, where
from triage.provenance import collectors
from triage.scene import Scene, build
from triage.scoring import counted, points, score, severity_of, sum_in_words
from triage.subjects import content_of, facts_of, kind_of, subject_id, title_of


def analyze(
    snapshot: Snapshot,
    more: Sequence[Indicator] = (),
) -> Report:
    """Judge a snapshot. Pure: the same snapshot and version give the same report.

    ``more`` are indicators besides those of the catalogue, such as a user's own YARA rules. The
    report names the indicators that inspect what the snapshot holds.
    """
    scene = build(snapshot)
    kinds = {type(artifact).__name__ for artifact in snapshot.artifacts}
    indicators = (*indicators_for(kinds), *more)
    attestations = attestations_for(kinds)
    by_kind = {
        kind: [indicator for indicator in indicators if indicator.inspects is kind]
        for kind in {type(artifact) for artifact in snapshot.artifacts}
    }
    found_by = collectors(snapshot)
    judged = [
        (artifact, findings, benign, found_by(place))
        for place, artifact in enumerate(snapshot.artifacts)
        for findings, benign in [_judge(artifact, scene, by_kind[type(artifact)], attestations)]
        if findings
    ]
    tied = chains([(artifact, findings) for artifact, findings, _, _ in judged], scene)
    by_id = {indicator.id: indicator for indicator in indicators}
    subjects = [
        replace(_subject(artifact, findings, benign, scene, tied, by_id), collector=collector)
        for artifact, findings, benign, collector in judged
    ]
    worst = max((s.score for s in subjects), default=0)
    return Report(
        tool_version=__version__,
        attack_version=attack_version(),
        host=snapshot.host,
        root_kind=snapshot.root_kind,
        root_path=snapshot.root_path,
        collected_at=snapshot.started_at,
        generated_at=snapshot.finished_at,
        verdict=verdict_on(worst, bool(subjects), snapshot),
        subjects=in_order(subjects),
        gaps=tuple(sorted(snapshot.gaps, key=lambda g: (where(g.location), g.why, g.detail))),
        coverage=snapshot.coverage,
        indicators=tuple(
            IndicatorFacts(i.id, i.title, i.techniques, i.severity, i.confidence)
            for i in indicators
        ),
        complete=snapshot.complete,
    )


def in_order(subjects: Iterable[Subject]) -> tuple[Subject, ...]:
    """The order of a report: the worst first, then by kind, place and id."""
    return tuple(
        sorted(subjects, key=lambda s: (-s.score, s.kind, where(s.location), natural(s.id)))
    )


def verdict_on(worst: int, anything: bool, snapshot: Snapshot) -> str:
    """As :func:`verdict_of`; but a look that was denied most of the box has no good news."""
    found = verdict_of(worst, anything)
    return "unknown" if found in ("none", "info") and _mostly_denied(snapshot) else found


def _mostly_denied(snapshot: Snapshot) -> bool:
    """Whether more than half of the processes could not be looked into."""
    places = {
        a.location
        for a in snapshot.artifacts
        if isinstance(a, Process) and a.kthread is not True and a.state != "Z"
    }
    denied = {gap.location for gap in snapshot.gaps if gap.why is Why.DENIED} & places
    return len(denied) * 2 > len(places)


def verdict_of(worst: int, anything: bool) -> str:
    """The report's verdict: the severity of its worst subject, ``none`` without any."""
    return severity_of(worst).value if anything else "none"


def _judge(
    artifact: Artifact,
    scene: Scene,
    indicators: Sequence[Indicator],
    attestations: Sequence[Attestation],
) -> tuple[tuple[Finding, ...], Benign | None]:
    raw = [
        (indicator, evidence)
        for indicator in indicators
        for evidence in indicator.check(artifact, scene)
    ]
    if not raw:
        return (), None
    covered: dict[str, Benign] = {}
    for attestation in attestations:
        if attestation.inspects is type(artifact) and any(
            i.id in attestation.covers for i, _ in raw
        ):
            benign = attestation.check(artifact, scene)
            if benign is not None:
                for name in attestation.covers:
                    covered.setdefault(name, benign)
    findings = tuple(
        _finding(artifact, indicator, evidence, indicator.id in covered)
        for indicator, evidence in raw
    )
    attested = [covered[f.indicator] for f in findings if f.attested]
    return findings, attested[0] if attested and all(f.attested for f in findings) else None


def _finding(
    artifact: Artifact, indicator: Indicator, evidence: Evidence, attested: bool
) -> Finding:
    return Finding(
        indicator=indicator.id,
        title=indicator.title,
        family=indicator.family,
        techniques=indicator.techniques,
        severity=evidence.severity or indicator.severity,
        confidence=evidence.confidence or indicator.confidence,
        location=artifact.location,
        evidence=evidence.facts,
        verify=evidence.verify,
        attested=attested,
    )


def _subject(
    artifact: Artifact,
    findings: tuple[Finding, ...],
    benign: Benign | None,
    scene: Scene,
    tied: Chains,
    indicators: dict[str, Indicator],
) -> Subject:
    name = subject_id(artifact)
    floor = tied.floors.get(name, 0)
    value = score(findings, floor)
    ranked = tuple(
        sorted(findings, key=lambda f: (-points(f), f.indicator, [*map(natural, f.evidence)]))
    )
    return Subject(
        id=name,
        kind=kind_of(artifact),
        title=title_of(artifact, counted(findings)[0]),
        location=artifact.location,
        score=value,
        severity=severity_of(value),
        facts=facts_of(artifact, scene),
        findings=ranked,
        links=tied.links.get(name, ()),
        explanation=_explain(ranked, benign, value, floor, indicators, tied.reasons.get(name, ())),
        benign=benign,
        content=content_of(artifact, scene),
    )


def _explain(
    findings: tuple[Finding, ...],
    benign: Benign | None,
    value: int,
    floor: int,
    indicators: dict[str, Indicator],
    reasons: tuple[str, ...],
) -> tuple[str, ...]:
    """Why the score, what would make it benign, how to check by hand."""
    lines = [sum_in_words(findings, value, floor), *reasons]
    if benign is not None:
        lines.append(f"judged benign: {benign.reason} ({benign.source})")
    lines += [
        f"benign if: {indicators[finding.indicator].benign_if}"
        for finding in counted(findings)
        if not finding.attested
    ]
    commands = dict.fromkeys(f.verify for f in findings if f.verify)
    lines.extend(f"check by hand: {command}" for command in commands)
    return tuple(dict.fromkeys(lines))
