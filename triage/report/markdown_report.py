"""The report as Markdown (CommonMark, as GitHub, GitLab and wikis show it), for tickets and notes.

Every text that came from evidence stands in a code span: inside one there are no links, images,
HTML, mentions or emphasis, and neither of the bare addresses that GitHub makes links of. A span's
fence is longer than any run of backticks in it (CommonMark 0.31, section 6.1). No tables hold
evidence, because GitHub splits their cells before it looks for code.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from triage.model import Content, Finding, Report, Severity, Subject
from triage.report import order
from triage.report.values import technique_name, techniques, text
from triage.report.wording import SETTLED, settled

_RUN = re.compile("`+")
_GAPS = 20
_VERDICTS = {*(each.value for each in Severity), "none", "unknown"}


def code(value: str, limit: int = 2000) -> str:
    """Text of evidence as a code span, on one line; words for an empty one."""
    shown = text(value, limit)
    if not shown:
        return "*(empty)*"
    fence = "`" * (1 + max((len(run) for run in _RUN.findall(shown)), default=0))
    # One space at either end is not part of the text; spaces at both ends alone would be eaten.
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    if not shown.strip(" "):
        pad = ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def render(report: Report) -> str:
    """The report; ends with a newline."""
    lines = [*_head(report), *_counts(report)]
    for subject in order.subjects(report.subjects):
        if subject.benign is None:
            lines += _subject(subject)
    for by, judged in settled(report.subjects):
        lines += ["", f"## {SETTLED[by][0]}", "", *map(_benign, judged)]
    lines += [*_coverage(report), *_gaps(report)]
    return "\n".join(lines) + "\n"


def _head(report: Report) -> Iterator[str]:
    host = report.host
    known = report.verdict in _VERDICTS
    yield f"# Triage: {report.verdict if known else code(report.verdict)}"
    yield ""
    facts = {
        "Host": host.hostname,
        "System": " ".join(part for part in (host.os, host.kernel, host.machine) if part),
        "Evidence": f"{report.root_kind} {report.root_path}",
        "Collected": f"{report.collected_at} to {report.generated_at}",
        "Tool": f"triage {report.tool_version}, ATT&CK {report.attack_version}",
    }
    yield from (f"- {name}: {code(value)}" for name, value in facts.items() if value)
    if not report.complete:
        yield "- **The evidence was cut short**: what followed the cut was not judged."


def _counts(report: Report) -> Iterator[str]:
    bad = Counter(each.severity for each in report.subjects if each.benign is None)
    groups = dict(settled(report.subjects))
    words = [f"{len(groups[by]):,} {word}" for by, (_, word) in SETTLED.items() if by in groups]
    yield ""
    counts = [f"{bad[each]:,} {each.value}" for each in order.SEVERITIES]
    told = f"{', '.join(counts)}; {', '.join(words) or '0 benign'}"
    yield f"Subjects: {told}; {len(report.gaps):,} gaps."


def _subject(subject: Subject) -> Iterator[str]:
    yield ""
    yield f"## {subject.severity.value.capitalize()} {subject.score}: {code(subject.title, 300)}"
    yield ""
    yield f"- Id: {code(subject.id, 200)}"
    yield f"- Where: {code(subject.location.path)}{_inside(subject.location.inside)}"
    if subject.content is not None:
        yield f"- Content: {_content(subject.content)}"
    for finding in order.findings(subject.findings):
        yield from _finding(finding)
    for line in subject.explanation:
        yield f"- Why: {code(line)}"
    for link in order.links(subject.links):
        yield f"- Linked: {code(link.relation, 200)} {code(link.subject, 200)}"


def _inside(inside: str) -> str:
    return f" in {code(inside)}" if inside else ""


def _content(content: Content) -> str:
    digest = "" if content.sha256 is None else f", sha256 {code(content.sha256)}"
    detail = f" {code(content.detail, 300)}" if content.detail else ""
    return f"{code(content.kind, 100)}{detail}, {content.size:,} bytes{digest}"


def _finding(finding: Finding) -> Iterator[str]:
    names = [f"{name} {technique_name(name)}" for name in techniques(finding)]
    what = [finding.severity.value, finding.confidence.value, *names]
    attested = ", covered by a benign explanation" if finding.attested else ""
    yield f"- **{code(finding.title, 300)}** ({', '.join(what)}{attested})"
    yield from (f"  - {code(line)}" for line in finding.evidence)
    if finding.verify:
        yield f"  - check by hand: {code(finding.verify)}"


def _benign(subject: Subject) -> str:
    benign = subject.benign
    reason = "" if benign is None else f"{benign.reason} ({benign.source})"
    return f"- {code(subject.title, 300)}: {code(reason)}"


def _coverage(report: Report) -> Iterator[str]:
    yield from ("", "## Looked at", "")
    for entry in report.coverage:
        counts = f"{entry.examined:,} looked at, {entry.artifacts:,} kept, {entry.gaps:,} gaps"
        detail = f" {code(entry.detail, 400)}" if entry.detail else ""
        what = counts if entry.applied else "nothing of the kind here"
        yield f"- {code(entry.collector, 100)}: {what}{detail}"
    if not report.coverage:
        yield "- nothing"


def _gaps(report: Report) -> Iterator[str]:
    if not report.gaps:
        return
    yield from ("", "## Not looked at", "")
    counts = Counter(gap.why for gap in report.gaps)
    shown: Counter[str] = Counter()
    for gap in sorted(order.gaps(report.gaps), key=lambda each: each.why):
        shown[gap.why] += 1
        if shown[gap.why] <= _GAPS:
            where = f"{code(gap.location.path)}{_inside(gap.location.inside)}"
            detail = f": {code(gap.detail, 400)}" if gap.detail else ""
            yield f"- {gap.why.value}: {where}{detail}"
        elif shown[gap.why] == counts[gap.why]:
            more = counts[gap.why] - _GAPS
            yield f"- {gap.why.value}: {more:,} more, which the JSON report names"
