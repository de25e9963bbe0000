"""The terminal report with ``--details``: every subject with all that is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from triage.model import Content, Finding, Subject
from triage.printable import printable
from triage.report import order
from triage.report.heads import hex_view, text_view
from triage.report.page import Line, Span, hanging
from triage.report.stories import Story
from triage.report.wording import SIGNS, UNKNOWN, content_line, facts, place, plural, sureness, tie

#: A single piece of evidence longer than this is cut, also here; the JSON report has it whole.
_LONGEST = 4000
#: Of a content's beginning: bytes in hexadecimal, and bytes of a text.
_SHOWN, _READ = 128, 512
#: What stands in a line beside the bytes: the label, the offset, blanks.
_BESIDE = 12 + 7


def subjects(told: Sequence[Story], width: int) -> Iterator[Line]:
    """Stories in their order, the members of each one after another."""
    if told:
        yield ()
        yield (Span("ALL SUBJECTS", "heading"),)
    for number, story in enumerate(told, start=1):
        names = story.names(number)
        for member, name in zip(story.members, names, strict=True):
            yield ()
            yield from _subject(name, member.subject, width)
            if member.near is not None:
                yield from _row("link", tie(member, names[member.near]), width)


def _safe(text: str) -> str:
    return printable(text, limit=_LONGEST)


def _row(label: str, text: str, width: int, role: str = "") -> Iterator[Line]:
    return hanging((Span(f"   {label:<9}", "label"),), text, width, role=role)


def _subject(name: str, subject: Subject, width: int) -> Iterator[Line]:
    word = subject.severity.value
    first = (
        Span(f"{name:<2} ", "title"),
        Span(f"{SIGNS[subject.severity]} {word.upper()} {subject.score}", word),
        Span(" "),
    )
    yield from hanging(first, _safe(subject.title), width, role="title")
    where = place(subject.location.path, subject.location.inside)
    yield from _row("subject", f"{_safe(subject.id)} at {_safe(where)}", width)
    for finding in order.findings(subject.findings):
        yield from _finding(finding, width)
    shown = [each.verify for each in subject.findings if each.verify]
    for line in subject.explanation:
        if not any(line.endswith(command) for command in shown):
            yield from _row("because", _safe(line), width)
    known = (f"{name}={words}" for name, words in facts(subject) if words != UNKNOWN)
    yield from _row("facts", "  ".join(known), width)
    if subject.content is not None:
        yield from _content(subject.content, width)


def _finding(finding: Finding, width: int) -> Iterator[Line]:
    word = finding.severity.value
    first = (Span(f"   {SIGNS[finding.severity]} {word} ", "title"),)
    benign = "; covered by a benign explanation" if finding.attested else ""
    techniques = f"; {', '.join(finding.techniques)}" if finding.techniques else ""
    about = f"({finding.indicator}; {sureness(finding.confidence)}{techniques}{benign})"
    yield from hanging(first, f"{_safe(finding.title)} {_safe(about)}", width)
    for line in finding.evidence:
        yield from _row("  why", _safe(line), width)
    if finding.verify:
        yield from _row("  check", _safe(finding.verify), width, "command")


def _content(content: Content, width: int) -> Iterator[Line]:
    yield from _row("content", content_line(content), width)
    if content.sha256 is not None:
        yield from _row("sha256", _safe(content.sha256), width)
    if content.traits:
        yield from _row("traits", _safe(", ".join(content.traits)), width)
    for number, layer in enumerate(content.layers):
        origin = "" if layer.parent is None else f" in layer {layer.parent} at {layer.offset:,}"
        step = f" by {layer.step}" if layer.step else ""
        size = plural(layer.size, "byte")
        text = f"{number}: {layer.kind}, {size}{origin}{step} {layer.detail}"
        yield from _row("layer", _safe(text.rstrip()), width)
    yield from _head(content, width)
    for clue in content.clues:
        from triage.content.clues import defang  # only where there is a clue to show

        shown = f"{clue.kind} {defang(clue.value)} (layer {clue.layer})"
        yield from _row("clue", _safe(shown), width)


def _head(content: Content, width: int) -> Iterator[Line]:
    """How the kept bytes begin: as bytes, and as the text that they are."""
    if not content.kept:
        return
    # A byte takes four columns: three in hexadecimal and one as a character.
    columns = next((n for n in (16, 8) if _BESIDE + 4 * n <= width), 4)
    for number, line in enumerate(hex_view(content.kept[:_SHOWN], columns).split("\n")):
        yield Span(f"   {'' if number else 'begins':<9}", "label"), Span(line)
    text = text_view(content.kept[:_READ])
    if text:
        yield from _row("reads", _safe(text), width)
