"""The terminal report. Its first screen answers: is this box bad, and where?

Verdict, host and counts; what stands out, linked subjects together, each with why and how to check
by hand; what was looked at and what was not; what was judged benign. Plain text for any width from
40 columns; what is cut short always ends in ``…`` or says how much more there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from triage.model import Report, SettledBy, Severity, Subject
from triage.printable import printable
from triage.report import order, terminal_details, terminal_lists
from triage.report.page import Line, Span, cells, flow, hanging, padded, text_of
from triage.report.stories import Member, Story, alike, stories
from triage.report.terminal_lists import LISTED, examples, heading, more_line, places, worst_title
from triage.report.wording import (
    BENIGN_SIGN,
    GAP_SIGN,
    NOTEWORTHY,
    SETTLED,
    SIGNS,
    by_hand,
    caveats,
    host_line,
    settled_word,
    telling,
    tie,
    verdict_sentence,
)

#: Stories told with their evidence, members told with each.
FULL = 6
MEMBERS = 4
#: Of stories of one subject each with the same worst finding, so many are told with evidence.
ALIKE = 2
_SCREEN = 24
_BLANK: Line = ()


def render(report: Report, *, width: int = 80, colour: bool = False, details: bool = False) -> str:
    """The report in lines of ``width`` columns; ``details`` shows everything that is known."""
    width = max(width, 40)
    told = stories(report.subjects)
    bad = [story for story in told if story.lead.benign is None]
    lines = [*_head(report, width)]
    if details:
        lines += terminal_details.subjects(bad, width)
    else:
        lines += _standing_out(bad, width)
    lines += terminal_lists.judged_benign(report, width, details)
    lines += terminal_lists.looked_at(report, width)
    lines += terminal_lists.not_looked_at(report, width, details)
    if not details:
        closing = "… marks what was cut short: --details shows all."
        lines += [_BLANK, *hanging((), closing, width, role="faint")]
    if len(lines) > _SCREEN:  # the head has scrolled away
        lines += [*_again(bad, width), _BLANK, *_verdict(report, width)]
    return text_of(lines, colour)


def _verdict(report: Report, width: int) -> Iterator[Line]:
    severity = next((each for each in Severity if each == report.verdict), None)
    doubts = caveats(report)
    quiet = GAP_SIGN if doubts else BENIGN_SIGN
    sign = quiet if severity is None else SIGNS[severity]
    known = report.verdict if severity is not None or report.verdict == "none" else "unknown"
    word = "NOTHING FOUND" if known == "none" else known.upper()
    badge = Span(f" {sign} {word} ", "none" if severity is None else severity.value)
    yield from hanging((badge, Span(" ")), verdict_sentence(report), width, role="title")


def _head(report: Report, width: int) -> Iterator[Line]:
    yield from _verdict(report, width)
    for line in flow([Span(each) for each in host_line(report)], width):
        yield from hanging((), "".join(span.text for span in line), width, role="faint")
    yield from flow(list(_counts(report)), width)
    for sentence in caveats(report):
        yield from hanging((Span(f"{GAP_SIGN} ", "warning"),), sentence, width, role="warning")


def _again(bad: Sequence[Story], width: int) -> Iterator[Line]:
    """The worst in a line each, for who sees the end of the report first."""
    groups, _ = _chosen(bad)
    if groups:
        yield from heading("In short")
    for group in groups:
        lead = bad[group[0]].lead
        more = f" and {len(group) - 1:,} more like it" if len(group) > 1 else ""
        first = (Span(f"{group[0] + 1:<2} ", "title"), badge(lead), Span(" "))
        room = width - sum(cells(span.text) for span in first) - len(more)
        title = printable(lead.title, limit=300)
        shown = title if cells(title) <= room else padded(title, max(room, 8)).rstrip()
        yield from hanging(first, shown + more, width, role="title", most=1)


def _counts(report: Report) -> Iterator[Span]:
    """How many subjects of each severity, not counting those judged benign."""
    counts = Counter(each.severity for each in report.subjects if each.benign is None)
    for severity in order.SEVERITIES:
        count = counts[severity]
        text = f"{SIGNS[severity]} {severity.value} {count}"
        yield Span(text, "title" if count else "faint")
    settled_ones = Counter(each.benign.by for each in report.subjects if each.benign is not None)
    for by, (_, word) in SETTLED.items():
        if settled_ones[by] or by is SettledBy.EXPLANATION:
            yield Span(f"{BENIGN_SIGN} {word} {settled_ones[by]}", "faint")


def _standing_out(bad: Sequence[Story], width: int) -> Iterator[Line]:
    groups, rest = _chosen(bad)
    if groups:
        yield from heading("What stands out")
    for number, group in enumerate(groups):
        if number > 0:
            yield _BLANK
        yield from _story(group, bad, width)
    if rest:
        yield from heading("Also found" if groups else "Found")
        yield from _grouped([bad[place].lead for place in rest], width)


def _more_like(bad: Sequence[Story], group: Sequence[int]) -> str:
    found = [bad[at].lead.location for at in group[1:]]
    return f"{len(found):,} more like it: {examples(places(found))}"


def _chosen(bad: Sequence[Story]) -> tuple[list[list[int]], list[int]]:
    """Which stories are told with their evidence, those that tell the same together; the places of
    the others, which are only listed.

    A hundred keys with the same kind of payload must not push a process out of sight.
    """
    full: list[list[int]] = []
    rest: list[int] = []
    seen: Counter[tuple[str, str]] = Counter()
    for group in alike(bad):
        story = bad[group[0]]
        kind = (story.lead.kind, worst_title(story.lead))
        seen[kind] += len(story.members) == 1
        told = len(full) < FULL and (len(story.members) > 1 or seen[kind] <= ALIKE)
        if told and story.lead.severity in NOTEWORTHY:
            full.append(group)
        else:
            rest += group
    return full, sorted(rest)


def badge(subject: Subject) -> Span:
    if subject.benign is not None:
        word = settled_word(subject.benign).upper()
        return Span(f"{BENIGN_SIGN} {word} {subject.score}", "low")
    word = subject.severity.value
    return Span(f"{SIGNS[subject.severity]} {word.upper()} {subject.score}", word)


def _story(alike_ones: Sequence[int], bad: Sequence[Story], width: int) -> Iterator[Line]:
    """The first of stories that tell the same, and where the others are."""
    story = bad[alike_ones[0]]
    names = story.names(alike_ones[0] + 1)
    groups = _alike(story)
    for group in groups[: MEMBERS + 1]:
        if len(group) == 1:
            yield from _member(story.members[group[0]], names[group[0]], names, width)
        else:
            yield from _members(story, group, names, width)
        if group[0] == 0 and len(alike_ones) > 1:
            yield from _labelled("also", _more_like(bad, alike_ones), width, most=2)
    more = sum(map(len, groups[MEMBERS + 1 :]))
    if more > 0:
        yield from more_line(f"{more:,} more linked to these", width)


def _alike(story: Story) -> list[list[int]]:
    """The places of its members; those that tell the same and are tied alike come together."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for at, member in enumerate(story.members):
        subject = member.subject
        what = (subject.kind, subject.severity, subject.benign is None, worst_title(subject))
        same = (*what, member.near, member.relation, member.forward)
        groups.setdefault(same, []).append(at)
    return sorted(groups.values())


def _members(
    story: Story, group: Sequence[int], names: Sequence[str], width: int
) -> Iterator[Line]:
    """Several members that tell the same, in a line: ten workers that run from one memfd."""
    member = story.members[group[0]]
    first = (Span(f"{names[group[0]]:<2} ", "title"), badge(member.subject), Span(" "))
    strongest = printable(worst_title(member.subject), limit=200)
    yield from hanging(first, f"{strongest}, {len(group):,} times", width, role="title", most=2)
    if member.near is not None:
        yield from _labelled("link", tie(member, names[member.near]), width)
    found = [story.members[at].subject.location for at in group]
    yield from _labelled("at", examples(places(found)), width, most=2)


def _member(member: Member, name: str, names: Sequence[str], width: int) -> Iterator[Line]:
    subject = member.subject
    first = (Span(f"{name:<2} ", "title"), badge(subject), Span(" "))
    title = printable(subject.title, limit=300)
    yield from hanging(first, title, width, role="title", most=2)
    if member.near is not None:
        yield from _labelled("link", tie(member, names[member.near]), width)
    lead = member.near is None
    for number, line in enumerate(telling(subject, 2 if lead else 1)):
        yield from _labelled("" if number else "why", line, width, most=2)
    command = by_hand(subject)
    if command:
        yield from _labelled("check", command, width, role="command")


def _labelled(
    label: str, text: str, width: int, *, role: str = "", most: int | None = None
) -> Iterator[Line]:
    first = (Span(f"   {label:<6}", "label"),)
    return hanging(first, text, width, role=role, most=most)


def _grouped(subjects: Sequence[Subject], width: int) -> Iterator[Line]:
    """Subjects with the same severity and strongest finding as one line, with examples."""
    groups: dict[tuple[Severity, str], list[Subject]] = {}
    for subject in subjects:
        groups.setdefault((subject.severity, worst_title(subject)), []).append(subject)
    for (_, name), group in list(groups.items())[:LISTED]:
        first = (badge(group[0]), Span(" "))
        if len(group) == 1:
            text = printable(group[0].title, limit=300)
        else:
            where = places([each.location for each in group])
            text = f"{printable(name, limit=200)}, {len(group):,} times: {examples(where)}"
        yield from hanging(first, text, width, most=2)
    if len(groups) > LISTED:
        yield from more_line(f"{len(groups) - LISTED:,} more kinds of finding", width)
