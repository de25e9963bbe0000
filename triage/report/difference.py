"""A comparison of two snapshots: for people in lines, for tools as ``triage-diff/1``.

Text is ASCII beyond what evidence holds; JSON carries subjects in the shapes of the JSON report,
with the exact text, and is written as that one is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

from triage.comparing.compare import Change, Comparison, Status
from triage.model import Report
from triage.printable import printable
from triage.report import order
from triage.report.json_report import clean, dumps, subject_shape
from triage.report.stories import likeness

SCHEMA = "triage-diff/1"
_HEADINGS = {
    Status.NEW: "new: not in the baseline",
    Status.RAISED: "raised: in the baseline, and more is against it now",
    Status.CHANGED: "changed: in the baseline, and not the same now",
    Status.LOWERED: "lowered: in the baseline, and less is against it now",
    Status.GONE: "gone: in the baseline alone",
    Status.SAME: "same: as in the baseline",
}
_EVIDENCE = 3
_NAMED = 5
_SCREEN = 24


def render_text(comparison: Comparison, *, width: int = 80, details: bool = False) -> str:
    """Plain lines of at most ``width`` columns; ``details`` names what is unchanged, too."""
    lines = list(_head(comparison, width))
    for status in Status:
        if status is not Status.SAME or details:
            lines += _section(status, comparison, width)
    if len(lines) > _SCREEN:  # the head has scrolled away
        lines += ["", *_filled("", _counts(comparison), width)]
    return "\n".join(lines) + "\n"


def _counts(comparison: Comparison) -> str:
    return ", ".join(f"{comparison.count(each)} {each.value}" for each in Status)


def _head(comparison: Comparison, width: int) -> Iterator[str]:
    yield from _filled("baseline  ", _whose(comparison.baseline), width)
    yield from _filled("current   ", _whose(comparison.current), width)
    yield from _filled("", _counts(comparison), width)
    for caveat in comparison.caveats:
        yield from _filled("? ", caveat, width)


def _whose(report: Report) -> str:
    host = report.host.hostname or "unknown host"
    return f"{host}, {report.root_kind} {report.root_path}, {report.collected_at}"


def _filled(first: str, text: str, width: int) -> list[str]:
    """Safe lines; the first begins with ``first``, the others are indented as far."""
    return wrap(
        printable(text, limit=1000), max(width, 40), initial_indent=first,
        subsequent_indent=" " * len(first), break_on_hyphens=False,
    )  # fmt: skip


def _section(status: Status, comparison: Comparison, width: int) -> Iterator[str]:
    changes = [change for change in comparison.changes if change.status is status]
    loud = [change for change in changes if change.subject.benign is None]
    if not changes:
        return
    yield ""
    yield _HEADINGS[status].upper()
    for group in _alike(loud):
        yield from _change(group, width)
    if len(changes) > len(loud):
        yield from _filled("  ", f"and {len(changes) - len(loud)} that are judged benign", width)


def _alike(changes: Sequence[Change]) -> list[list[Change]]:
    """Those that tell the same come together, at the place of the first."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        why = () if change.status in (Status.NEW, Status.GONE) else change.reasons
        groups.setdefault((likeness(change.subject), why), []).append(change)
    return list(groups.values())


def _change(group: Sequence[Change], width: int) -> Iterator[str]:
    """The first of changes that tell the same, and the ids of the others."""
    change = group[0]
    subject = change.subject
    badge = f"  {subject.severity.value.upper()} {subject.score}  "
    yield from _filled(badge, f"{subject.title} ({subject.id})", width)
    reasons = change.reasons
    if change.status is Status.NEW:
        ranked = order.findings(subject.findings)
        firsts = (line for finding in ranked for line in finding.evidence[:1])
        reasons = tuple(dict.fromkeys(firsts))
    for reason in reasons[:_EVIDENCE]:
        yield from _filled("      ", reason, width)
    if len(reasons) > _EVIDENCE:
        yield f"      and {len(reasons) - _EVIDENCE} more, which the JSON form has"
    if len(group) > 1:
        ids = [each.subject.id for each in group[1 : 1 + _NAMED]]
        more = f", and {len(group) - 1 - _NAMED}" if len(group) - 1 > _NAMED else ""
        text = f"{len(group) - 1} more like it: {', '.join(ids)}{more}"
        yield from _filled("      ", text, width)


def render_json(comparison: Comparison) -> str:
    """ASCII-only JSON, one change a line; ends with a newline."""
    lines = ["{"]
    shapes = clean(_shapes(comparison))
    changes = shapes.pop("changes")
    lines += [f"{dumps(key)}: {dumps(value)}," for key, value in shapes.items()]
    rows = ",\n".join(dumps(change) for change in changes)
    lines.append('"changes": [' + (f"\n{rows}\n" if rows else "") + "]")
    return "\n".join(lines) + "\n}\n"


def _shapes(comparison: Comparison) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "tool": {"name": "triage", "version": comparison.current.tool_version},
        "baseline": _side(comparison.baseline),
        "current": _side(comparison.current),
        "summary": {each.value: comparison.count(each) for each in Status},
        "caveats": list(comparison.caveats),
        "changes": [_row(change) for change in comparison.changes],
    }


def _side(report: Report) -> dict[str, Any]:
    return {
        "hostname": report.host.hostname,
        "boot_id": report.host.boot_id,
        "root": {"kind": report.root_kind, "path": report.root_path},
        "collected_at": report.collected_at,
        "complete": report.complete,
        "verdict": report.verdict,
    }


def _row(change: Change) -> dict[str, Any]:
    before = change.before
    return {
        "status": change.status.value,
        "reasons": list(change.reasons),
        "before": None
        if before is None
        else {
            "id": before.id,
            "title": before.title,
            "score": before.score,
            "severity": before.severity.value,
            "benign": before.benign is not None,
        },
        "subject": subject_shape(change.subject),
    }
