"""The words and signs that every report for people uses, so that they read alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from triage.model import (
    Benign,
    Confidence,
    Content,
    Coverage,
    Finding,
    Gap,
    Report,
    SettledBy,
    Severity,
    Subject,
    Why,
)
from triage.predicates.seal_names import seal_names
from triage.printable import printable
from triage.report import order
from triage.report.stories import Member

#: One sign for each severity, so that colour is never the only difference.
SIGNS: Mapping[Severity, str] = MappingProxyType(
    {
        Severity.CRITICAL: "■",
        Severity.HIGH: "▲",
        Severity.MEDIUM: "●",
        Severity.LOW: "○",
        Severity.INFO: "·",
    }
)
#: What a report names before everything else.
NOTEWORTHY = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
BENIGN_SIGN = "✓"
GAP_SIGN = "?"

_VERDICTS = {
    "critical": "Fileless code or storage. Treat this box as compromised until shown otherwise.",
    "high": "Likely fileless code. Check what stands out before anything else.",
    "medium": "Unusual, not conclusive. Check what stands out by hand.",
    "low": "Weak signs only.",
    "info": "Nothing beyond information.",
    "unknown": "Most of this box could not be looked into; that nothing was found says little.",
    "none": "Nothing was found in what was looked at.",
}
_WHYS = {
    Why.ABSENT: "was not there",
    Why.DENIED: "permission denied",
    Why.VANISHED: "went away or was replaced while it was read",
    Why.MALFORMED: "could not be understood",
    Why.TRUNCATED: "was read in part only",
    Why.REFUSED: "covered by another mount, or not opened for safety",
    Why.TIMEOUT: "took too long",
    Why.BUG: "a defect of triage itself: please report it",
}
_SURENESS = {
    Confidence.STRONG: "certain facts",
    Confidence.MODERATE: "examined content",
    Confidence.WEAK: "weak evidence",
}

#: The heading of what is settled, and the word of its counts and badges.
SETTLED: Mapping[SettledBy, tuple[str, str]] = MappingProxyType(
    {
        SettledBy.EXPLANATION: ("Judged benign", "benign"),
        SettledBy.BASELINE: ("Not new: known from the baseline", "known"),
        SettledBy.ALLOW_LIST: ("Allowed: somebody answers for it", "allowed"),
    }
)


def settled(subjects: Iterable[Subject]) -> list[tuple[SettledBy, list[Subject]]]:
    """What nothing is held against, in the report's order, under what says so; no empty group."""
    groups: dict[SettledBy, list[Subject]] = {}
    for subject in order.subjects(each for each in subjects if each.benign is not None):
        if subject.benign is not None:
            groups.setdefault(subject.benign.by, []).append(subject)
    return [(by, groups[by]) for by in SettledBy if by in groups]


def settled_word(benign: Benign) -> str:
    return SETTLED[benign.by][1]


def verdict_sentence(report: Report) -> str:
    """What the verdict means. A verdict outside the vocabulary is shown as it is."""
    known = _VERDICTS.get(report.verdict)
    return printable(report.verdict, limit=200) if known is None else known


def why_words(why: Why) -> str:
    return _WHYS[why]


def sureness(confidence: Confidence) -> str:
    return _SURENESS[confidence]


def plural(count: int, noun: str) -> str:
    """``1 subject``, ``2,000 subjects``; for nouns that take an s."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def host_line(report: Report) -> list[str]:
    """Who and when: what is known of it, most important first, each safe to show."""
    host = report.host
    facts = [
        host.hostname,
        host.os,
        " ".join(part for part in (host.kernel, host.machine) if part),
        f"{report.root_kind} {report.root_path}",
        report.collected_at,
        _merged(report),
    ]
    return [printable(fact, limit=120) for fact in facts if fact]


_INTERRUPTED = "interrupted by the user"  # as triage.collect notes it
_ANSWERED = {
    SettledBy.BASELINE: "known from the baseline",
    SettledBy.ALLOW_LIST: "allowed by a list",
}
_MERGED = "merged from "  # as triage.comparing.merging notes each source


def _merged(report: Report) -> str:
    count = sum(note.startswith(_MERGED) for note in report.host.notes)
    return f"merged from {plural(count, 'snapshot')}" if count else ""


def caveats(report: Report) -> list[str]:
    """What keeps a quiet report from being good news, in sentences."""
    found = []
    if not report.complete:
        found.append("The evidence was cut short: what followed the cut was not judged.")
    if any(entry.detail.startswith(_INTERRUPTED) for entry in report.coverage):
        found.append("The look was interrupted: what came after was not looked at.")
    if report.root_kind == "live" and report.host.tool_uid not in (0, None):
        found.append("Not run as root: most of other users' processes could not be read.")
    found += [
        printable(f"{note[:1].upper()}{note[1:]}.", limit=600)
        for note in report.host.notes
        # The first is said above, for every live look; the second says whose evidence it is.
        if not note.startswith(("not run as root", _MERGED))
    ]
    answered = [(by, group) for by, group in settled(report.subjects) if by in _ANSWERED]
    if answered:
        told = ", ".join(f"{len(group):,} {_ANSWERED[by]}" for by, group in answered)
        found.append(f"The verdict leaves out what was answered for: {told}.")
    if report.gaps:
        counts = ", ".join(f"{len(gaps):,} {why}" for why, gaps in gaps_by_why(report.gaps))
        things = plural(len(report.gaps), "thing")
        found.append(f"{things} could not be looked at ({counts}).")
    return found


def gaps_by_why(gaps: Iterable[Gap]) -> list[tuple[Why, list[Gap]]]:
    """Gaps under their reason, the most frequent reason first."""
    groups: dict[Why, list[Gap]] = {}
    for gap in order.gaps(gaps):
        groups.setdefault(gap.why, []).append(gap)
    return sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))


def place(path: str, inside: str) -> str:
    """A location as text, not yet safe to show."""
    return f"{path} [{inside}]" if inside else path


def coverage_line(entry: Coverage) -> str:
    """One collector's work in words, without its name."""
    if not entry.applied:
        return printable(entry.detail, limit=200) or "nothing of the kind here"
    gaps = "no gaps" if entry.gaps == 0 else plural(entry.gaps, "gap")
    words = f"{entry.examined:,} looked at, {entry.artifacts:,} kept, {gaps}, {entry.seconds:.2f} s"
    return f"{words} ({printable(entry.detail, limit=200)})" if entry.detail else words


def telling(subject: Subject, count: int) -> list[str]:
    """The ``count`` most telling lines of evidence, each finding's first line before any second.

    Of a family of findings, which tell one thing in several ways, the strongest comes first and
    the others last. A line names its finding unless the subject's title does. Safe to show.
    """
    families: dict[str, Finding] = {}
    ranked = order.findings(subject.findings)
    for each in ranked:
        families.setdefault(each.family, each)
    best = list(families.values())
    again = [each for each in ranked if families[each.family] is not each]
    firsts = [_told(subject, each, each.evidence[0]) for each in best if each.evidence]
    bare = [printable(each.title, limit=300) for each in best if not each.evidence]
    others = [printable(line, limit=600) for each in best for line in each.evidence[1:]]
    more = [_told(subject, each, line) for each in again for line in each.evidence[:1]]
    return list(dict.fromkeys(firsts + others + bare + more))[:count]


def _told(subject: Subject, finding: Finding, line: str) -> str:
    shown = printable(line, limit=600)
    if finding.title in subject.title:
        return shown
    return f"{printable(finding.title, limit=120)}: {shown}"


def tie(member: Member, other: str) -> str:
    """How a member is tied to the one shown as ``other``, as a sentence; safe to show."""
    relation = printable(member.relation, limit=80)
    return f"this {relation} {other}" if member.forward else f"{other} {relation} this"


UNKNOWN = "not known"


def facts(subject: Subject) -> list[tuple[str, str]]:
    """A subject's facts as (name, words), empty ones left out; safe to show."""
    told = ((name, value) for name, value in subject.facts if value != "")
    return [(printable(name, limit=80), _fact(name, value)) for name, value in told]


def _fact(name: str, value: str | int | bool | None) -> str:
    """A fact's value in words: truth values are yes and no, seals and times are spelt out."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name.endswith("seals"):
        return seal_names(value)
    if isinstance(value, int) and name.endswith("_ns"):
        return f"{value} ({_moment(value)})"
    return printable(str(value), limit=4000)


def _moment(nanoseconds: int) -> str:
    """UTC, to the second; what no calendar holds is said to be that."""
    try:
        moment = datetime.fromtimestamp(nanoseconds // 10**9, UTC)
    except (OverflowError, ValueError, OSError):
        return "beyond any calendar"
    return moment.replace(tzinfo=None).isoformat() + "Z"


def by_hand(subject: Subject) -> str:
    """The command that shows the most telling finding, or nothing; safe to show."""
    commands = (each.verify for each in order.findings(subject.findings) if each.verify)
    return printable(next(commands, ""), limit=600)


def content_line(content: Content) -> str:
    """What some bytes are, in a line; safe to show."""
    parts = [printable(content.kind, limit=60)]
    if content.detail:
        parts.append(printable(content.detail, limit=300))
    parts.append(plural(content.size, "byte"))
    if content.entropy is not None:
        error = "" if content.entropy_error is None else f" ±{content.entropy_error:.2f}"
        parts.append(f"entropy {content.entropy:.2f}{error} of 8")
    if content.examined < content.size:
        parts.append(f"{content.examined:,} of them examined")
    if content.limit:
        parts.append(f"stopped at the limit: {printable(content.limit, limit=60)}")
    return ", ".join(parts)
