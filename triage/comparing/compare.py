"""Two reports -> what is new, gone, changed, raised, lowered; and what a baseline silences.

Both snapshots are judged by the same version with the same indicators, then their subjects are
paired by :mod:`triage.comparing.likeness`. A baseline silences a subject only when it was there
before with the same details, or with more against it: what is new, raised or changed stays as loud
as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum

from triage.comparing.likeness import (
    Details,
    Identity,
    details,
    finding_key,
    identity,
    kin,
    was_read,
)
from triage.comparing.settled import settled
from triage.model import Benign, Coverage, Report, SettledBy, Subject
from triage.natural import natural, where
from triage.records import dataclass


class Status(StrEnum):
    """How a subject of the current report stands to the baseline. In the order of telling."""

    NEW = "new"
    RAISED = "raised"
    CHANGED = "changed"
    LOWERED = "lowered"
    GONE = "gone"
    SAME = "same"


#: What somebody has to look at.
LOUD = frozenset({Status.NEW, Status.RAISED, Status.CHANGED})
_ORDER = {status: place for place, status in enumerate(Status)}


@dataclass(frozen=True, slots=True)
class Change:
    """One subject, ``before`` what it was compared with. Of what is gone there is only the old."""

    status: Status
    subject: Subject
    before: Subject | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """``changes`` in the order of telling; ``caveats`` are sentences on how far to trust them."""

    baseline: Report
    current: Report
    changes: tuple[Change, ...]
    caveats: tuple[str, ...]

    def count(self, status: Status) -> int:
        return sum(change.status is status for change in self.changes)


def compare(baseline: Report, current: Report) -> Comparison:
    """Pair the subjects of two reports and say how each stands. Pure and independent of order."""
    old = _Known(baseline.subjects)
    changes = [_judge(subject, old) for subject in current.subjects]
    now = {identity(subject) for subject in current.subjects}
    met = {id(change.before) for change in changes if change.before is not None}
    changes += [
        Change(Status.GONE, subject)
        for subject in baseline.subjects
        if id(subject) not in met and identity(subject) not in now
    ]
    changes.sort(key=_place)
    return Comparison(baseline, current, tuple(changes), tuple(_caveats(baseline, current)))


def _place(change: Change) -> tuple[object, ...]:
    subject = change.subject
    place = (subject.kind, where(subject.location), natural(subject.id))
    return (_ORDER[change.status], subject.benign is not None, -subject.score, place)


class _Known:
    """The baseline's subjects, found by identity and by kin, with their details."""

    def __init__(self, subjects: Iterable[Subject]) -> None:
        self.exact: dict[Identity, list[tuple[Subject, Details]]] = {}
        self.kin: dict[Identity, list[tuple[Subject, Details]]] = {}
        for subject in sorted(subjects, key=lambda each: (-each.score, natural(each.id))):
            entry = (subject, details(subject))
            _add(self.exact, identity(subject), entry)
            _add(self.kin, kin(subject), entry)


# Of things with one identity only so many that differ are held: a name is cheap to repeat.
_ALIKE = 32


def _add(
    index: dict[Identity, list[tuple[Subject, Details]]],
    key: Identity,
    entry: tuple[Subject, Details],
) -> None:
    found = index.setdefault(key, [])
    if len(found) < _ALIKE and all(entry[1] != other for _, other in found):
        found.append(entry)


def _judge(subject: Subject, old: _Known) -> Change:
    now = details(subject)
    found = old.exact.get(identity(subject), [])
    if found:
        return min((_against(subject, now, *entry) for entry in found), key=_nearness)
    # The same program with other arguments, the same content under another name: known in part,
    # as long as nothing is against it that was not before.
    wider = [_against(subject, now, *entry) for entry in old.kin.get(kin(subject), [])]
    near = [change for change in wider if change.status is not Status.RAISED]
    if near:
        best = min(near, key=_nearness)
        reasons = (_otherwise(subject), *best.reasons)
        return Change(Status.CHANGED, subject, best.before, reasons)
    return Change(Status.NEW, subject)


def _otherwise(subject: Subject) -> str:
    if subject.kind == "process":
        return "the same program with another command line"
    return "the same content under another name"


_NEAR = (Status.SAME, Status.LOWERED, Status.CHANGED, Status.RAISED)


def _nearness(change: Change) -> tuple[object, ...]:
    before = change.before
    return (_NEAR.index(change.status), len(change.reasons), "" if before is None else before.id)


def _against(subject: Subject, now: Details, before: Subject, then: Details) -> Change:
    """How a subject stands to one of the same identity."""
    worse = _worse(subject, before)
    if worse:
        return Change(Status.RAISED, subject, before, worse)
    differs = _differences(subject, now, then)
    if differs:
        return Change(Status.CHANGED, subject, before, differs)
    if now.findings != then.findings or subject.score < before.score:
        return Change(Status.LOWERED, subject, before, _better(subject, before))
    return Change(Status.SAME, subject, before)


def _worse(subject: Subject, before: Subject) -> tuple[str, ...]:
    reasons = []
    if subject.score > before.score:
        reasons.append(f"score {before.score} -> {subject.score}")
    if before.benign is not None and subject.benign is None:
        reasons.append(f"was judged benign: {before.benign.reason}")
    had = {finding.indicator for finding in before.findings if not finding.attested}
    fresh = {f.indicator: f.title for f in subject.findings if not f.attested}
    reasons += [f"new finding {n}: {t}" for n, t in sorted(fresh.items()) if n not in had]
    return tuple(reasons)


def _better(subject: Subject, before: Subject) -> tuple[str, ...]:
    reasons = [] if subject.score == before.score else [f"score {before.score} -> {subject.score}"]
    has = {finding.indicator for finding in subject.findings}
    reasons += [f"no longer found: {n}" for n in sorted(_indicators(before) - has)]
    return tuple(reasons)


def _indicators(subject: Subject) -> set[str]:
    return {finding.indicator for finding in subject.findings}


def _differences(subject: Subject, now: Details, then: Details) -> tuple[str, ...]:
    """What is not as it was, though nothing more is against it."""
    reasons = []
    if now.content != then.content:
        reasons.append("its content is another")
    elif not was_read(subject):
        how = "not read" if subject.content is None else "read in part only"
        reasons.append(f"its content was {how}, so it cannot be told the same")
    old, new = dict(then.facts), dict(now.facts)
    reasons += [
        f"{name}: {_short(old.get(name))} -> {_short(new.get(name))}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    more = now.findings - then.findings
    for finding in subject.findings:
        key = finding_key(finding, subject)
        if more[key] > 0:
            more[key] -= 1
            evidence = finding.evidence[0] if finding.evidence else "more often than before"
            reasons.append(f"other evidence for {finding.indicator}: {evidence}")
    return tuple(reasons)


def _short(value: object) -> str:
    text = "not known" if value is None else str(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


# --- how far to trust it --------------------------------------------------------------------


_LOOKS = {"live": "a live look", "image": "an image"}


def _caveats(baseline: Report, current: Report) -> list[str]:
    """What makes "new" or "gone" mean less than it says."""
    found = []
    one, other = baseline.host.hostname, current.host.hostname
    if one != other:
        found.append(
            f"the baseline is of another box: {one or 'unknown'}, not {other or 'unknown'}"
        )
    if baseline.collected_at > current.collected_at:
        found.append("the baseline was taken after the current snapshot")
    for name, report in (("baseline", baseline), ("current snapshot", current)):
        if not report.complete:
            found.append(f"the {name} was cut short: what came after the cut is not compared")
    if baseline.root_kind != current.root_kind:
        one, other = (_LOOKS.get(each.root_kind, each.root_kind) for each in (baseline, current))
        found.append(f"the baseline is of {one}, not of {other}")
    if baseline.host.tool_uid not in (None, 0) and current.host.tool_uid == 0:
        found.append("the baseline was taken without root: what is new may only be seen now")
    ran = {entry.collector for entry in baseline.coverage if entry.applied}
    lacks = sorted({e.collector for e in current.coverage if e.applied} - ran)
    if lacks:
        found.append(f"the baseline did not look at: {', '.join(lacks)}")
    return found


# --- silencing ------------------------------------------------------------------------------


def silenced(comparison: Comparison, source: str) -> Report:
    """The current report with what the baseline knew settled, and what is worse marked as such.

    ``source`` names the baseline. The verdict is the
    caller's to renew; a line of coverage tells the counts.
    """
    # Not by the subjects' ids: a forged snapshot may give one to two.
    changes = {id(change.subject): change for change in comparison.changes}
    report, when = comparison.current, comparison.baseline.collected_at
    subjects = tuple(_heard(each, changes[id(each)], when, source) for each in report.subjects)
    quiet = sum(
        before.benign is None and after.benign is not None
        for before, after in zip(report.subjects, subjects, strict=True)
    )
    line = Coverage("baseline", True, len(subjects), len(subjects) - quiet,
                    detail=_told(comparison, quiet, source))  # fmt: skip
    return replace(report, subjects=subjects, coverage=(*report.coverage, line))


def _heard(subject: Subject, change: Change, when: str, source: str) -> Subject:
    if subject.benign is not None:
        return subject
    if change.status in (Status.SAME, Status.LOWERED):
        how = "unchanged" if change.status is Status.SAME else "with less against it"
        reason = f"not new: {how} since the baseline of {when}"
        return settled(subject, _indicators(subject), Benign(reason, source, SettledBy.BASELINE))
    if change.status is Status.NEW:
        return replace(subject, explanation=(*subject.explanation, "new since the baseline"))
    told = tuple(f"{change.status.value} since the baseline: {each}" for each in change.reasons)
    return replace(subject, explanation=(*subject.explanation, *told))


def _told(comparison: Comparison, quiet: int, source: str) -> str:
    counts = Counter(change.status for change in comparison.changes)
    parts = [f"{counts[each]} {each.value}" for each in Status if each is not Status.SAME]
    words: Sequence[str] = (f"{source}: {quiet} silenced", *parts, *comparison.caveats)
    return ", ".join(words)
