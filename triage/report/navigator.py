"""An ATT&CK Navigator layer: which techniques this box shows, coloured by the worst score.

Format: layer version 4.5, attack-navigator/layers/spec/v4.5/layerformat.md.
"""

from __future__ import annotations

from collections import Counter

from triage.model import Report, Subject
from triage.report import order
from triage.report.values import json_page, techniques, text

_NAVIGATOR = "5.1.0"
_LAYER = "4.5"
_EXAMPLES = 5


def render(report: Report) -> str:
    """The layer as JSON. What is judged benign, or covered by a benign explanation, has no score
    and says so."""
    bad: dict[str, list[Subject]] = {}
    benign: dict[str, list[Subject]] = {}
    for subject in order.subjects(report.subjects):
        alarming = {n for f in subject.findings if not f.attested for n in techniques(f)}
        covered = {n for f in subject.findings for n in techniques(f)}
        for name in alarming if subject.benign is None else ():
            bad.setdefault(name, []).append(subject)
        for name in covered if subject.benign is not None else covered - alarming:
            benign.setdefault(name, []).append(subject)
    names = sorted({*bad, *benign})
    return json_page(
        {
            "name": text(f"triage: {report.host.hostname or 'unknown host'}", 200),
            "versions": {
                "attack": text(report.attack_version, 20).partition(".")[0] or "0",
                "navigator": _NAVIGATOR,
                "layer": _LAYER,
            },
            "domain": "enterprise-attack",
            "description": _description(report),
            "sorting": 3,
            "layout": {"layout": "side", "showID": True, "expandedSubtechniques": "annotated"},
            "hideDisabled": False,
            "techniques": [_technique(n, bad.get(n, []), benign.get(n, [])) for n in names],
            "gradient": {"colors": ["#fff7bc", "#fe9929", "#99000d"], "minValue": 0,
                         "maxValue": 100},
            "metadata": _metadata(report),
        }
    )  # fmt: skip


def _description(report: Report) -> str:
    where = f"{report.root_kind} {report.root_path}"
    return text(f"triage {report.tool_version} on {where}, collected {report.collected_at}", 500)


def _metadata(report: Report) -> list[dict[str, object]]:
    pairs = {
        "verdict": report.verdict,
        "attack version": report.attack_version,
        "complete": "yes" if report.complete else "no: the evidence was cut short",
        "gaps": str(len(report.gaps)),
    }
    return [{"name": name, "value": text(value, 200)} for name, value in pairs.items()]


def _technique(name: str, bad: list[Subject], benign: list[Subject]) -> dict[str, object]:
    made: dict[str, object] = {"techniqueID": name, "enabled": True, "comment": _comment(bad)}
    if bad:
        made["score"] = max(subject.score for subject in bad)
    else:
        made["comment"] = "only what was judged benign"
    if "." not in name:
        made["showSubtechniques"] = True
    counts = Counter(subject.severity for subject in bad)
    rows = [(each.value, counts[each]) for each in order.SEVERITIES if counts[each]]
    if benign:
        rows.append(("judged benign", len(benign)))
    made["metadata"] = [{"name": row, "value": str(count)} for row, count in rows]
    return made


def _comment(subjects: list[Subject]) -> str:
    """The worst subjects; they come in the report's order."""
    shown = [text(f"{each.score}: {each.title}", 300) for each in subjects[:_EXAMPLES]]
    more = len(subjects) - _EXAMPLES
    return "\n".join([*shown, *([f"{more:,} more"] if more > 0 else [])])
