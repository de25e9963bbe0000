"""Findings as SARIF 2.1.0, for viewers of code scanning: indicators are rules, findings results.

Format: OASIS SARIF 2.1.0. A finding that a benign explanation covers is a suppressed result
(section 3.35) with the explanation for its justification; gaps are notifications of the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import quote

from triage.model import Finding, Gap, Location, Report, Severity, Subject
from triage.report import identifiers, order, times
from triage.report.json_report import dumps
from triage.report.values import SURENESS, json_rows, known, techniques, text

Object = dict[str, object]
_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: Mapping[Severity, str] = MappingProxyType(
    {
        Severity.CRITICAL: "error",
        Severity.HIGH: "error",
        Severity.MEDIUM: "warning",
        Severity.LOW: "note",
        Severity.INFO: "note",
    }
)
_BASE = "ROOT"
_LONGEST_PATH = 8000


def render(report: Report) -> str:
    """The log as JSON: one run, one result a line."""
    rules = _rules(report)
    places = {str(rule["id"]): number for number, rule in enumerate(rules)}
    begin, end = times.window(report)
    run = {
        "tool": {"driver": _driver(report, rules)},
        "automationDetails": {"guid": identifiers.run_of(report)},
        "originalUriBaseIds": {_BASE: {"uri": _root(report)}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": report.complete,
                "startTimeUtc": times.rfc3339(begin),
                "endTimeUtc": times.rfc3339(end),
                "toolExecutionNotifications": [_notification(g) for g in order.gaps(report.gaps)],
            }
        ],
        "properties": {"verdict": text(report.verdict, 100)},
    }
    results = (
        _result(finding, subject, places)
        for subject in order.subjects(report.subjects)
        for finding in order.findings(subject.findings)
    )
    head = f'{{"$schema": {dumps(_SCHEMA)}, "version": "2.1.0", "runs": ['
    return f"{head}{json_rows(run, 'results', results).rstrip()}]}}\n"


def _driver(report: Report, rules: Sequence[Object]) -> Object:
    return {
        "name": "triage",
        "version": text(report.tool_version, 100),
        "rules": list(rules),
        "properties": {"attackVersion": text(report.attack_version, 100)},
    }


def _root(report: Report) -> str:
    """The evidence root as a base URI: absolute, with a slash at its end (section 3.14.14)."""
    path = report.root_path if report.root_path.startswith("/") else "/"
    return f"file://{_escaped(path.rstrip('/'))}/"


def _rules(report: Report) -> list[Object]:
    """Every indicator that was applied or that fired, each once, by id."""
    found: dict[str, Object] = {}
    for facts in report.indicators:
        name = text(facts.id, 200)
        found[name] = _rule(name, facts.title, facts.severity, facts.techniques)
    for subject in report.subjects:
        for finding in subject.findings:
            name = text(finding.indicator, 200)
            if name not in found:
                found[name] = _rule(name, finding.title, finding.severity, finding.techniques)
    return [found[name] for name in sorted(found)]


def _rule(name: str, title: str, severity: Severity, names: Sequence[str]) -> Object:
    return {
        "id": name,
        "shortDescription": {"text": text(title, 1000) or name or "unnamed"},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {
            "tags": ["security", *dict.fromkeys(text(each, 100) for each in names)],
            # A number of 0 to 10 as text, by which code scanning ranks.
            "security-severity": f"{severity.points / 10:.1f}",
        },
    }


def _result(finding: Finding, subject: Subject, places: Mapping[str, int]) -> Object:
    rule = text(finding.indicator, 200)
    made: Object = {
        "ruleId": rule,
        "ruleIndex": places[rule],
        "kind": "fail",
        "level": _LEVELS[finding.severity],
        "rank": float(max(0, min(100, subject.score))),
        "message": {"text": _message(finding, subject)},
        "locations": [_location(finding.location, subject)],
        "partialFingerprints": {"triageFinding/v1": _fingerprint(finding, subject)},
        "properties": {
            "subject": text(subject.id, 200),
            "kind": text(subject.kind, 100),
            "score": subject.score,
            "severity": finding.severity.value,
            "confidence": finding.confidence.value,
            "sureness": SURENESS[finding.confidence],
            "techniques": techniques(finding),
            "checkByHand": text(finding.verify),
        },
    }
    if finding.attested:
        made["suppressions"] = [_suppression(subject)]
    return made


def _message(finding: Finding, subject: Subject) -> str:
    """Plain text. A bracketed word and an address in parentheses would be a link (3.11.6)."""
    lines = [f"{finding.title}: {subject.title}", *finding.evidence]
    shown = "\n".join(text(line) for line in lines)
    return shown.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]") or "finding"


def _suppression(subject: Subject) -> Object:
    benign = subject.benign
    why = (
        "covered by a benign explanation"
        if benign is None
        else f"{benign.reason} ({benign.source})"
    )
    return {"kind": "external", "justification": text(why) or "benign"}


def _location(location: Location, subject: Subject) -> Object:
    inside = f" {location.inside}" if location.inside else ""
    logical: Object = {
        "name": text(subject.id, 200),
        "fullyQualifiedName": text(f"{location.path}{inside}"),
        "kind": text(subject.kind, 100),
    }
    uri = _uri(location.path)
    physical = None if uri is None else {"artifactLocation": {"uri": uri, "uriBaseId": _BASE}}
    return known({"physicalLocation": physical, "logicalLocations": [logical]})


def _uri(path: str) -> str | None:
    """A path as a relative reference that stays below its base; ``None`` where it would not."""
    parts = [part for part in path.split("/") if part]
    if not parts or ".." in parts or len(path) > _LONGEST_PATH:
        return None
    # Without "./" a first segment with a colon would be a scheme (RFC 3986, section 4.2).
    return _escaped("/".join(parts))


def _escaped(path: str) -> str:
    """Percent-encoded, bytes that are not UTF-8 and colons too."""
    return quote(path.encode("utf-8", "surrogatepass"), safe="/")


def _fingerprint(finding: Finding, subject: Subject) -> str:
    return identifiers.named(subject.id, finding.indicator, *finding.evidence)


def _notification(gap: Gap) -> Object:
    inside = f" {gap.location.inside}" if gap.location.inside else ""
    words = f"not looked at ({gap.why.value}): {gap.location.path}{inside}: {gap.detail}"
    level = "error" if gap.why.value == "bug" else "note"
    return {"level": level, "message": {"text": text(words)}}
