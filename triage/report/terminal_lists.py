"""The lists of the terminal report: what was settled, what was looked at, and what was not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from triage.model import Coverage, Location, Report, Subject
from triage.printable import printable
from triage.report import order
from triage.report.page import Line, Span, cells, hanging, padded
from triage.report.wording import (
    BENIGN_SIGN,
    SETTLED,
    coverage_line,
    gaps_by_why,
    place,
    settled,
    why_words,
)

#: Examples named in a list, kinds of things in one.
EXAMPLES = 3
LISTED = 8
#: Characters of a path that is told in whole among others.
LONG_PATH = 40


def heading(text: str) -> Iterator[Line]:
    yield ()
    yield (Span(text.upper(), "heading"),)


def more_line(what: str, width: int) -> Iterator[Line]:
    return hanging((), f"… {what}, use --details", width, role="faint")


def worst_title(subject: Subject) -> str:
    ranked = order.findings(subject.findings)
    return ranked[0].title if ranked else subject.title


def places(locations: Sequence[Location]) -> list[str]:
    """Locations as text, not yet safe to show: of a long path the last part, of one that was just
    named only the place inside."""
    shown = []
    before = None
    for each in locations:
        path = each.path if len(each.path) <= LONG_PATH else f"…/{each.path.rpartition('/')[2]}"
        again = each.inside and each.path == before
        shown.append(f"[{each.inside}]" if again else place(path, each.inside))
        before = each.path
    return shown


def examples(texts: Sequence[str]) -> str:
    """The first few, and how many more there are; safe to show."""
    shown = ", ".join(printable(text, limit=100) for text in texts[:EXAMPLES])
    more = len(texts) - EXAMPLES
    return f"{shown}, … {more:,} more" if more > 0 else shown


def judged_benign(report: Report, width: int, details: bool) -> Iterator[Line]:
    for by, judged in settled(report.subjects):
        yield from heading(SETTLED[by][0])
        yield from _settled(judged, width, details)


def _settled(judged: Sequence[Subject], width: int, details: bool) -> Iterator[Line]:
    groups = [[each] for each in judged] if details else _by_reason(judged)
    shown = groups if details else groups[:LISTED]
    for group in shown:
        benign = group[0].benign
        reason = "" if benign is None else f"{benign.reason} ({benign.source})"
        title = printable(group[0].title, limit=200)
        if len(group) > 1:
            title = f"{printable(worst_title(group[0]), limit=200)}, {len(group):,} times"
        text = f"{title}: {printable(reason, limit=400)}"
        yield from hanging((Span(f"{BENIGN_SIGN} "),), text, width, most=None if details else 2)
    if len(groups) > len(shown):
        yield from more_line(f"{sum(map(len, groups[LISTED:])):,} more", width)


def _by_reason(judged: Sequence[Subject]) -> list[list[Subject]]:
    groups: dict[tuple[str, str], list[Subject]] = {}
    for subject in judged:
        reason = "" if subject.benign is None else subject.benign.reason
        groups.setdefault((worst_title(subject), reason), []).append(subject)
    return list(groups.values())


def looked_at(report: Report, width: int) -> Iterator[Line]:
    """A line for each collector; those of which there is the same little to say share one."""
    yield from heading("Looked at")
    names = [printable(entry.collector, limit=20) for entry in report.coverage]
    column = min(max(map(cells, names), default=0), 20)
    alike: dict[tuple[bool, str], list[Coverage]] = {}
    for entry in report.coverage:
        idle = entry.applied and not (entry.examined or entry.artifacts or entry.gaps)
        if idle or not entry.applied:
            alike.setdefault((entry.applied, entry.detail), []).append(entry)
    shared = {key: entries for key, entries in alike.items() if len(entries) > 1}
    told = {id(entry) for entries in shared.values() for entry in entries}
    for name, entry in zip(names, report.coverage, strict=True):
        if id(entry) not in told:
            first = (Span(padded(name, column), "label"), Span("  "))
            yield from hanging(first, coverage_line(entry), width)
    for (applied, detail), entries in shared.items():
        first = (Span(padded("none there" if applied else "not here", column), "label"), Span("  "))
        listed = printable(", ".join(entry.collector for entry in entries), limit=400)
        text = f"{printable(detail, limit=200)}: {listed}" if detail else listed
        yield from hanging(first, text, width)
    if not report.coverage:
        yield (Span("nothing", "warning"),)


def not_looked_at(report: Report, width: int, details: bool) -> Iterator[Line]:
    if not report.gaps:
        return
    yield from heading("Not looked at")
    for why, gaps in gaps_by_why(report.gaps):
        first = (Span(f"{why.value} {len(gaps):,}".ljust(13), "title"), Span(" "))
        found = [place(gap.location.path, gap.location.inside) for gap in gaps]
        if not details:
            yield from hanging(
                first,
                f"{why_words(why)}: {examples(places([gap.location for gap in gaps]))}",
                width,
                most=2,
            )
            continue
        yield from hanging(first, why_words(why), width)
        for gap, where in zip(gaps, found, strict=True):
            text = f"{where}: {gap.detail}" if gap.detail else where
            yield from hanging((Span("   "),), printable(text, limit=1000), width)
