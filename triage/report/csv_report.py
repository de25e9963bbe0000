"""The findings as CSV (RFC 4180, but lines end with a newline alone): one row a finding.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula, and evidence
may say ``=HYPERLINK(...)``. Such cells get an apostrophe in front (OWASP, CSV Injection). Every
cell is quoted. Where a comma is the decimal sign, spreadsheets split at semicolons and pay no heed
to those quotes: what would begin a cell there gets the apostrophe too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.model import Finding, Report, Subject
from triage.report import order
from triage.report.values import Facts, text

COLUMNS = (
    "host", "collected_at", "subject", "kind", "title", "path", "inside", "score", "severity",
    "judged_benign", "pid", "sha256", "content", "indicator", "finding", "finding_severity",
    "confidence", "techniques", "evidence", "check_by_hand",
)  # fmt: skip
_FORMULA = "=+\\-@＝＋－＠﹢﹣﹦﹫−"
_BEGINS = re.compile(rf"[\s'\"]*[{_FORMULA}]")
_BEHIND_SEMICOLON = re.compile(rf"(;[\s\"]*)(?=[{_FORMULA}])")


def render(report: Report) -> str:
    """The table, its names in the first row."""
    rows = [",".join(map(_cell, COLUMNS))]
    host = report.host.hostname or ""
    for subject in order.subjects(report.subjects):
        rows += [",".join(map(_cell, (host, report.collected_at, *row))) for row in _rows(subject)]
    return "\n".join(rows) + "\n"


def _rows(subject: Subject) -> Iterator[tuple[str | int | None, ...]]:
    facts = Facts(subject)
    content = subject.content
    first = (
        subject.id, subject.kind, subject.title, subject.location.path, subject.location.inside,
        subject.score, subject.severity.value,
        None if subject.benign is None else f"{subject.benign.reason} ({subject.benign.source})",
        facts.number("pid"), facts.sha256(), None if content is None else content.kind,
    )  # fmt: skip
    for finding in order.findings(subject.findings):
        yield (*first, *_of_finding(finding))
    if not subject.findings:
        yield (*first, *[None] * (len(COLUMNS) - len(first) - 2))


def _of_finding(finding: Finding) -> tuple[str, ...]:
    return (
        finding.indicator, finding.title, finding.severity.value, finding.confidence.value,
        " ".join(finding.techniques), " | ".join(finding.evidence), finding.verify,
    )  # fmt: skip


def _cell(value: str | int | None) -> str:
    """A quoted cell that no spreadsheet computes; nothing for what is not known."""
    if value is None:
        return '""'
    if isinstance(value, int):
        return f'"{value}"'
    shown = _BEHIND_SEMICOLON.sub(r"\1'", text(value))
    if _BEGINS.match(shown):
        shown = f"'{shown}"
    return '"' + shown.replace('"', '""') + '"'
