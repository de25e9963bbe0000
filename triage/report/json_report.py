"""The JSON report, ``triage-report/1``: for other tools, so its shapes are its own.

``triage-report-1.schema.json`` beside this file is the contract, docs/report-json.md explains it.
Every subject, gap and coverage entry is one line of the file, so that two reports can be compared
line by line and a large one is written at the speed of the C encoder.
"""

from __future__ import annotations

import base64
import json
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from triage.model import (
    Benign,
    Clue,
    Content,
    Coverage,
    Finding,
    Gap,
    Host,
    IndicatorFacts,
    Layer,
    Location,
    Report,
    SettledBy,
    Subject,
)
from triage.printable import printable
from triage.report import order

SCHEMA = "triage-report/1"
#: How many of a content's first bytes a report shows.
HEAD = 256

Object = dict[str, Any]


def render(report: Report) -> str:
    """The report as ASCII-only JSON that ends with a newline; RFC 8259, no NaN, no surrogates."""
    lines = ["{"]
    items = document(report).items()
    for number, (key, value) in enumerate(items, start=1):
        comma = "," if number < len(items) else ""
        lines.append(f"{dumps(key)}: {_lay_out(value)}{comma}")
    lines.append("}\n")
    return "\n".join(lines)


def document(report: Report) -> Object:
    """The report as JSON's own types: what ``render`` writes."""
    value: Object = clean(shapes(report))
    return value


def shapes(report: Report) -> Object:
    """The report in the shapes of the contract, its text as it is in the evidence: not safe."""
    return {
        "schema": SCHEMA,
        "tool": {
            "name": "triage",
            "version": report.tool_version,
            "attack_version": report.attack_version,
        },
        "host": host_shape(report.host),
        "root": {"kind": report.root_kind, "path": report.root_path},
        "collected_at": report.collected_at,
        "generated_at": report.generated_at,
        "complete": report.complete,
        "verdict": report.verdict,
        "summary": summary_shape(report),
        "subjects": [subject_shape(subject) for subject in order.subjects(report.subjects)],
        "gaps": [_gap(gap) for gap in order.gaps(report.gaps)],
        "coverage": [_coverage(entry) for entry in report.coverage],
        "indicators": [
            _indicator(facts) for facts in sorted(report.indicators, key=lambda each: each.id)
        ],
    }


def dumps(value: object, *, indent: int | None = None) -> str:
    """A value that was cleaned as ASCII-only JSON, on one line unless it is indented."""
    # json leaves DEL as it is, which is legal JSON and still a control character.
    made = json.dumps(value, ensure_ascii=True, allow_nan=False, indent=indent)
    return made.replace("\x7f", "\\u007f")


def _lay_out(value: object) -> str:
    """A list with each item on its own line; anything else on one."""
    if not isinstance(value, list) or not value:
        return dumps(value)
    return "[\n" + ",\n".join(dumps(item) for item in value) + "\n]"


def clean(value: Any) -> Any:
    """What JSON cannot carry is replaced: bytes that were not UTF-8, numbers that are none."""
    if isinstance(value, str):
        return value if value.isascii() or _is_unicode(value) else printable(value)
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def host_shape(host: Host) -> Object:
    """A host in the shape of the contract, its text as it is in the evidence: not safe."""
    return {
        "hostname": host.hostname,
        "kernel": host.kernel,
        "machine": host.machine,
        "os": host.os,
        "boot_id": host.boot_id,
        "boot_time": host.boot_time,
        "uptime": host.uptime,
        "clock_ticks": host.clock_ticks,
        "page_size": host.page_size,
        "time_zone": host.time_zone,
        "hidepid": host.hidepid,
        "ptrace_scope": host.ptrace_scope,
        "tool_uid": host.tool_uid,
        "tool_capabilities": host.tool_capabilities,
        "tool_namespaces": dict(host.tool_namespaces),
        "tool_arguments": list(host.tool_arguments),
        "notes": list(host.notes),
    }


def _location(location: Location) -> Object:
    """``path_base64`` and ``inside_base64`` hold the exact bytes where they are not UTF-8."""
    shown = {"path": location.path, "inside": location.inside}
    for key, text in tuple(shown.items()):
        if not _is_unicode(text):
            data = text.encode("utf-8", "surrogateescape" if _is_bytes(text) else "surrogatepass")
            shown[f"{key}_base64"] = base64.b64encode(data).decode("ascii")
    return shown


def _is_bytes(text: str) -> bool:
    """Whether every surrogate stands for a byte, as ``surrogateescape`` makes them."""
    return all("\udc80" <= each <= "\udcff" for each in text if "\ud800" <= each <= "\udfff")


def subject_shape(subject: Subject) -> Object:
    """One subject in the shape of the contract, its text as it is in the evidence: not safe."""
    links = order.links(subject.links)
    return {
        "id": subject.id,
        "kind": subject.kind,
        "title": subject.title,
        "location": _location(subject.location),
        "score": subject.score,
        "severity": subject.severity.value,
        "facts": dict(subject.facts),
        "findings": [_finding(finding) for finding in order.findings(subject.findings)],
        "links": [{"relation": link.relation, "subject": link.subject} for link in links],
        "explanation": list(subject.explanation),
        "benign": _benign(subject.benign),
        "content": None if subject.content is None else _content(subject.content),
        "collector": subject.collector,
    }


def _finding(finding: Finding) -> Object:
    return {
        "indicator": finding.indicator,
        "title": finding.title,
        "family": finding.family,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "techniques": list(finding.techniques),
        "location": _location(finding.location),
        "evidence": list(finding.evidence),
        "verify": finding.verify,
        "attested": finding.attested,
    }


def _benign(benign: Benign | None) -> Object | None:
    if benign is None:
        return None
    return {"reason": benign.reason, "source": benign.source, "by": benign.by.value}


def _content(content: Content) -> Object:
    return {
        "kind": content.kind,
        "detail": content.detail,
        "confidence": content.confidence.value,
        "traits": list(content.traits),
        "size": content.size,
        "examined": content.examined,
        "sha256": content.sha256,
        "entropy": _rounded(content.entropy),
        "entropy_error": _rounded(content.entropy_error),
        "layers": [_layer(layer) for layer in content.layers],
        "clues": _clues(content.clues),
        "limit": content.limit or None,
        "head": None if content.kept is None else content.kept[:HEAD].hex(),
    }


def _layer(layer: Layer) -> Object:
    return {
        "kind": layer.kind,
        "detail": layer.detail,
        "confidence": layer.confidence.value,
        "traits": list(layer.traits),
        "size": layer.size,
        "sha256": layer.sha256,
        "parent": layer.parent,
        "offset": layer.offset,
        "step": layer.step,
    }


def _clues(clues: tuple[Clue, ...]) -> list[Object]:
    """The exact value for programs, and beside it what is safe to paste, mail or click at."""
    if not clues:
        return []
    from triage.content.clues import defang  # only where there is a clue to show

    return [
        {
            "kind": clue.kind,
            "value": clue.value,
            "defanged": printable(defang(clue.value)),
            "layer": clue.layer,
        }
        for clue in clues
    ]


def _gap(gap: Gap) -> Object:
    return {"location": _location(gap.location), "why": gap.why.value, "detail": gap.detail}


def _coverage(entry: Coverage) -> Object:
    return {
        "collector": entry.collector,
        "applied": entry.applied,
        "examined": entry.examined,
        "artifacts": entry.artifacts,
        "gaps": entry.gaps,
        "seconds": _rounded(entry.seconds),
        "detail": entry.detail,
    }


def _indicator(facts: IndicatorFacts) -> Object:
    return {
        "id": facts.id,
        "title": facts.title,
        "techniques": list(facts.techniques),
        "severity": facts.severity.value,
        "confidence": facts.confidence.value,
    }


def summary_shape(report: Report) -> Object:
    """Counts of subjects: each counts once under every severity, technique, indicator it has."""
    severities = Counter(subject.severity.value for subject in report.subjects)
    settled = Counter(each.benign.by for each in report.subjects if each.benign is not None)
    techniques: Counter[str] = Counter()
    indicators: Counter[str] = Counter()
    for subject in report.subjects:
        techniques.update({name for each in subject.findings for name in each.techniques})
        indicators.update({each.indicator for each in subject.findings})
    return {
        "subjects": len(report.subjects),
        "benign": sum(settled.values()),
        "settled": {each.value: settled[each] for each in SettledBy},
        "by_severity": {each.value: severities[each.value] for each in order.SEVERITIES},
        "by_technique": _by_name(techniques.items()),
        "by_indicator": _by_name(indicators.items()),
    }


def _by_name(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    return dict(sorted(counts))


def _rounded(number: float | None) -> float | None:
    """Four digits are more than any of these figures is good for."""
    return None if number is None else round(number, 4)
