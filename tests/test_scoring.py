"""The promises of the score: bounded, order-independent, never lowered by one more harm."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import finding, memory_file, process, snapshot
from triage.analyze import analyze, verdict_of
from triage.model import Confidence, Finding, Gap, Host, Location, Process, Severity, Snapshot, Why
from triage.scoring import WEAK_CAP, counted, points, score, severity_of, sum_in_words

FINDINGS = st.builds(
    finding,
    severity=st.sampled_from(Severity),
    family=st.sampled_from(["exe", "memory", "content", "name", "script", "place"]),
    confidence=st.sampled_from(Confidence),
    attested=st.booleans(),
)
HARM = FINDINGS.filter(lambda f: not f.attested)
MANY = st.lists(FINDINGS, max_size=10)


@given(MANY, st.integers(0, 200))
def test_score_is_bounded(findings: list[Finding], floor: int) -> None:
    assert 0 <= score(findings, floor) <= 100


@given(MANY, st.randoms(use_true_random=False))
def test_score_and_its_sum_do_not_depend_on_the_order(
    findings: list[Finding], random: Random
) -> None:
    shuffled = list(findings)
    random.shuffle(shuffled)
    assert score(shuffled) == score(findings)
    assert [points(f) for f in counted(shuffled)] == [points(f) for f in counted(findings)]
    if findings:
        assert sum_in_words(shuffled, 7) == sum_in_words(findings, 7)


@given(MANY, HARM, st.integers(0, 100))
def test_one_more_harm_never_lowers(findings: list[Finding], more: Finding, floor: int) -> None:
    assert score([*findings, more], floor) >= score(findings, floor)


@given(MANY, HARM)
def test_a_worse_finding_never_lowers(findings: list[Finding], one: Finding) -> None:
    worse = replace(one, severity=Severity.CRITICAL)
    assert score([*findings, worse]) >= score([*findings, one])


@given(MANY)
def test_an_attestation_never_raises(findings: list[Finding]) -> None:
    assert score([replace(f, attested=True) for f in findings]) <= score(findings)


@given(st.lists(HARM.map(lambda f: replace(f, confidence=Confidence.WEAK)), max_size=10), MANY)
def test_weak_evidence_alone_stays_below_high(weak: list[Finding], others: list[Finding]) -> None:
    attested = [replace(f, attested=True) for f in others]
    assert severity_of(score(weak)).points < Severity.HIGH.points
    if weak:
        assert score([*weak, *attested]) <= WEAK_CAP


def test_only_the_strongest_of_a_family_counts() -> None:
    one = finding(Severity.HIGH, "exe")
    assert score([one, finding(Severity.MEDIUM, "exe")]) == score([one])
    assert score([one, finding(Severity.MEDIUM, "memory")]) > score([one])


@pytest.mark.parametrize("severity", Severity)
def test_one_strong_finding_has_its_own_severity(severity: Severity) -> None:
    assert severity_of(score([finding(severity)])) is severity


def test_a_chain_sets_a_floor_and_says_so() -> None:
    low = [finding(Severity.LOW)]
    assert score(low, 90) == 90
    assert "raised to 90" in sum_in_words(low, 90, 90)
    assert "raised" not in sum_in_words(low, 21)


def test_an_attested_finding_stays_visible() -> None:
    text = sum_in_words([finding(Severity.CRITICAL, attested=True)], 5)
    assert text == "score 5 = exe-critical 5, attested benign"


def test_no_finding_no_score() -> None:
    assert score([]) == 0
    assert verdict_of(0, False) == "none"
    assert verdict_of(0, True) == "info"


@given(st.integers(0, 100))
def test_bands_rise_with_the_score(value: int) -> None:
    assert severity_of(value).points <= severity_of(min(100, value + 1)).points


def test_a_weak_finding_does_not_hide_a_sure_one_of_its_family() -> None:
    """The weak one is the stronger of the two: it must not pull the subject under the cap."""
    sure = finding(Severity.HIGH, confidence=Confidence.STRONG)
    weak = finding(Severity.CRITICAL, confidence=Confidence.WEAK)
    assert score([sure, weak]) >= score([sure]) == 73


def test_every_subject_explains_itself() -> None:
    report = analyze(snapshot(process(exe="/dev/shm/x"), memory_file("/dev/shm/x")))
    assert len(report.subjects) == 2
    for subject in report.subjects:
        assert subject.explanation[0].startswith(f"score {subject.score} = ")
        assert any(line.startswith("benign if: ") for line in subject.explanation)
        assert any(line.startswith("check by hand: ") for line in subject.explanation)


def test_the_worst_subject_comes_first_and_makes_the_verdict() -> None:
    report = analyze(snapshot(memory_file("/dev/shm/x"), process(exe="/dev/shm/x", uids=(0,) * 4)))
    scores = [subject.score for subject in report.subjects]
    assert scores == sorted(scores, reverse=True)
    assert report.verdict == report.subjects[0].severity == "critical"


def test_a_look_that_was_denied_most_of_the_box_has_no_good_news() -> None:
    places = [Location(f"/proc/{pid}") for pid in (10, 11, 12)]
    processes = tuple(Process(place, int(place.path[6:])) for place in places)
    seen = Snapshot("0", "live", "/", "t", "t", Host(), processes)
    assert analyze(seen).verdict == "none"
    gaps = tuple(Gap(place, Why.DENIED, "maps") for place in places[:2])
    assert analyze(replace(seen, gaps=gaps)).verdict == "unknown"
    assert analyze(replace(seen, gaps=gaps[:1])).verdict == "none"
