"""The findings of the HTML report as plain markup, for readers without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from triage.model import Content, Report, Severity
from triage.printable import printable
from triage.report import order
from triage.report.heads import hex_view
from triage.report.html import data
from triage.report.stories import Member, Story
from triage.report.wording import by_hand, content_line, facts, sureness, tie

#: A single string longer than this is cut (and ends in ``…``): no script can fold it here.
LONGEST = 2000
#: Subjects in the page, and bytes of a payload's start.
STATIC = 500
HEAD = 128


def safe(text: str, limit: int = LONGEST) -> str:
    """Evidence as text of the page's markup."""
    return escape(printable(text, limit=limit))


def markup(shown: str) -> str:
    """Text that passed ``printable`` already, as text of the page's markup."""
    return escape(shown)


def badge(severity: Severity, text: str) -> str:
    return f'<span class="badge {severity.value}">{markup(text)}</span>'


def findings(report: Report, told: Sequence[Story]) -> Iterator[str]:
    """The techniques and the stories as plain markup, for readers without JavaScript."""
    yield from _techniques(report)
    left = STATIC
    for number, story in enumerate(told, start=1):
        if story.lead.benign is not None:  # these come last; the page lists them further down
            return
        names = story.names(number)
        yield f'<div id="story={number}"></div>'  # what the links at the top lead to
        for member, name in zip(story.members[:left], names, strict=False):
            yield from _static_subject(member, name, names)
        left -= len(story.members)
        if left <= 0:
            yield "<p>… there are more: they need JavaScript, or the JSON report.</p>"
            return


def _static_subject(member: Member, name: str, names: list[str]) -> Iterator[str]:
    subject = member.subject
    tied = "" if member.near is None else " tied"
    yield f'<article class="subject {subject.severity.value}{tied}"><h3>{name} '
    yield badge(subject.severity, data.badge_text(subject))
    yield f' <span class="ev">{safe(subject.title)}</span></h3>'
    if member.near is not None:
        yield f'<p class="soft ev">{markup(tie(member, names[member.near]))}</p>'
    if by_hand(subject):
        yield _check(by_hand(subject))
    ranked = order.findings(subject.findings)
    for finding, check in zip(ranked, data.checks(subject), strict=True):
        about = f"{finding.indicator}; {sureness(finding.confidence)}"
        about = "; ".join((about, *finding.techniques))
        yield f'<div class="finding"><p><strong class="ev">{safe(finding.title)}</strong>'
        yield f' <span class="soft ev">{safe(about)}</span></p>{items(finding.evidence)}'
        if check:
            yield _check(check)
        yield "</div>"
    yield items(data.explanation(subject))
    if subject.content is not None:
        yield from _static_content(subject.content)
    yield f"{pairs(facts(subject))}</article>"


def _check(command: str) -> str:
    """A command that passed ``printable`` already."""
    return f'<p class="check">Check by hand: <code class="ev">{markup(command)}</code></p>'


def _techniques(report: Report) -> Iterator[str]:
    for tactic in data.tactics(report):
        told = "; ".join(f"{e['id']} {e['name']} ({e['count']:,})" for e in tactic["techniques"])
        yield f'<p><strong>{markup(tactic["name"])}</strong> <span class="ev">{markup(told)}</span>'
        yield "</p>"


def _static_content(content: Content) -> Iterator[str]:
    """What the bytes are, what they unwrap to, and how they begin."""
    yield f'<p class="ev">Content: {markup(content_line(content))}</p>'
    steps = " → ".join(layer.kind for layer in content.layers)
    if len(content.layers) > 1:
        yield f'<p class="ev">Unwrapped: {safe(steps)}</p>'
    if content.kept:
        yield f'<pre class="hex">{markup(hex_view(content.kept[:HEAD]))}</pre>'


def items(texts: Iterable[str]) -> str:
    made = "".join(f'<li class="ev">{safe(each)}</li>' for each in texts)
    return f"<ul>{made}</ul>" if made else ""


def pairs(entries: Iterable[tuple[str, str]]) -> str:
    """A list of names and values; the values passed ``printable`` already."""
    rows = "".join(
        f'<dt>{safe(name)}</dt><dd class="ev">{markup(value)}</dd>' for name, value in entries
    )
    return f'<dl class="mono">{rows}</dl>'
