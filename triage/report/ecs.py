"""Alerts in the Elastic Common Schema, one JSON object a line: one for each finding.

The first line is the run itself (``event.kind: event``), so that a box on which nothing was found
can be told from one that nobody looked at. Fields: the ECS 8.17 field reference; what ECS has no
field for is under ``triage``.
"""

from __future__ import annotations

from triage.model import Finding, Report, Subject
from triage.report import identifiers, order, times
from triage.report.values import (
    Facts,
    RegistryPlace,
    command_line,
    has_process,
    json_line,
    known,
    program,
    registry_place,
    shown_facts,
    technique_name,
    technique_url,
    techniques,
    text,
)

_VERSION = "8.17.0"
_CATEGORIES = {
    "process": "process", "memory-file": "file", "mount": "file", "log-event": "process",
    "event-record": "process", "core-dump": "process", "registry_value": "registry",
    "registry_key": "registry", "autostart": "registry", "event-log": "host",
    "kernel-object": "host", "hidden": "host", "process-code": "process",
}  # fmt: skip
_LOGS = frozenset({"log-event", "event-record", "event-log"})


def render(report: Report) -> str:
    """The lines, in the report's order."""
    run = identifiers.run_of(report)
    base = _base(report)
    lines = [json_line({**base, **_of_run(report, run)})]
    for subject in order.subjects(report.subjects):
        about = _of_subject(subject)
        for number, finding in enumerate(order.findings(subject.findings)):
            name = identifiers.named(run, subject.id, finding.indicator, str(number))
            lines.append(json_line({**base, **about, **_of_finding(finding, subject, name)}))
    return "".join(lines)


def _base(report: Report) -> dict[str, object]:
    host = report.host
    return {
        "@timestamp": times.rfc3339(times.window(report)[1]),
        "ecs": {"version": _VERSION},
        "observer": {
            "vendor": "triage",
            "product": "triage",
            "type": "scanner",
            "version": text(report.tool_version, 100),
        },
        "host": known(
            {
                "name": _text(host.hostname),
                "hostname": _text(host.hostname),
                "architecture": _text(host.machine),
                "boot": known({"id": _text(host.boot_id)}),
                "os": known({"full": _text(host.os), "kernel": _text(host.kernel)}),
            }
        ),
    }


def _text(value: str | None) -> str | None:
    return text(value, 1024) if value else None


def _of_run(report: Report, run: str) -> dict[str, object]:
    begin, end = times.window(report)
    return {
        "message": text(f"triage looked at {report.root_kind} {report.root_path}", 2000),
        "event": {
            "kind": "event",
            "category": ["host"],
            "type": ["info"],
            "module": "triage",
            "dataset": "triage.run",
            "action": "collection",
            "id": run,
            "start": times.rfc3339(begin),
            "end": times.rfc3339(end),
            "outcome": "success" if report.complete else "unknown",
        },
        "triage": {
            "verdict": text(report.verdict, 100),
            "root": {"kind": text(report.root_kind, 100), "path": text(report.root_path, 2000)},
            "subjects": len(report.subjects),
            "gaps": len(report.gaps),
            "complete": report.complete,
        },
    }


def _of_finding(finding: Finding, subject: Subject, name: str) -> dict[str, object]:
    names = techniques(finding)
    return {
        "message": text(f"{finding.title}: {subject.title}"),
        "event": {
            "kind": "alert",
            "category": [_CATEGORIES.get(subject.kind, "configuration")],
            "type": ["info"],
            "module": "triage",
            "dataset": "triage.finding",
            "action": text(finding.indicator, 200),
            "id": name,
            "severity": finding.severity.points,
            "risk_score": subject.score,
            "reason": text(" | ".join(finding.evidence)),
        },
        "rule": {
            "id": text(finding.indicator, 200),
            "name": text(finding.title, 1000),
            "category": text(finding.family, 200),
            "ruleset": "triage",
        },
        "threat": known({"framework": "MITRE ATT&CK" if names else None, **_threat(names)}),
        "tags": ["triage", *(["judged-benign"] if finding.attested else [])],
        "triage": _own(finding, subject),
    }


def _own(finding: Finding, subject: Subject) -> dict[str, object]:
    benign = subject.benign
    return known(
        {
            "subject": {
                "id": text(subject.id, 200),
                "kind": text(subject.kind, 100),
                "title": text(subject.title, 1024),
                "score": subject.score,
                "severity": subject.severity.value,
            },
            "location": known(
                {"path": text(subject.location.path), "inside": _text(subject.location.inside)}
            ),
            "severity": finding.severity.value,
            "confidence": finding.confidence.value,
            "attested": finding.attested,
            "evidence": [text(line) for line in finding.evidence],
            "verify": text(finding.verify) or None,
            "benign": None if benign is None else text(f"{benign.reason} ({benign.source})"),
            # One text: as fields, what collectors call their facts would fill Elastic's mapping.
            "facts": [f"{key}: {value}" for key, value in shown_facts(subject).items()],
        }
    )


def _threat(names: list[str]) -> dict[str, object]:
    """Parents under ``technique``, and with them the sub-techniques."""
    parents = list(dict.fromkeys(name.partition(".")[0] for name in names))
    children = [name for name in names if "." in name]
    if not parents:
        return {}
    below = known({"subtechnique": _techniques(children)}) if children else {}
    return {"technique": {**_techniques(parents), **below}}


def _techniques(names: list[str]) -> dict[str, list[str]]:
    return {
        "id": names,
        "name": [technique_name(name) for name in names],
        "reference": [technique_url(name) for name in names],
    }


def _of_subject(subject: Subject) -> dict[str, object]:
    facts = Facts(subject)
    digest = facts.sha256()
    hashes = known({"sha256": digest})
    related = known({"hash": [] if digest is None else [digest]})
    place = registry_place(facts)
    return known(
        {
            "process": _process(facts, hashes, subject) if has_process(subject) else None,
            "registry": None if place is None else _registry(place, facts),
            "log": _log(subject) if subject.kind in _LOGS else None,
            "file": _file(facts, hashes, subject) if _lies_in_a_file(subject) else None,
            "related": related,
        }
    )


def _lies_in_a_file(subject: Subject) -> bool:
    return subject.kind != "process" and subject.kind not in _LOGS


def _log(subject: Subject) -> dict[str, object]:
    return {"file": {"path": text(subject.location.path)}}


def _registry(place: RegistryPlace, facts: Facts) -> dict[str, object]:
    data = facts.text("text") or facts.text("command")
    return known(
        {
            "hive": place.hive,
            "key": place.key,
            "value": place.value,
            "path": "\\".join(part for part in place if part),
            "data": known({"strings": None if data is None else [data],
                           "type": facts.text("type")}),
        }
    )  # fmt: skip


def _process(facts: Facts, hashes: dict[str, object], subject: Subject) -> dict[str, object]:
    parent, uid = facts.number("ppid"), facts.number("uid")
    start = next((moment for name, moment in times.of(subject) if name == "start_time"), None)
    return known(
        {
            "pid": facts.number("pid"),
            "name": facts.text("comm"),
            "executable": program(facts),
            "command_line": command_line(facts),
            "working_directory": facts.text("cwd"),
            "start": None if start is None else times.rfc3339(start),
            "parent": known({"pid": parent}),
            "user": known({"id": None if uid is None else str(uid)}),
            "hash": hashes,
        }
    )


def _file(facts: Facts, hashes: dict[str, object], subject: Subject) -> dict[str, object]:
    inode, uid, gid = (facts.number(name) for name in ("inode", "uid", "gid"))
    path = facts.text("path") or text(subject.location.path)
    moments = dict(times.of(subject))
    return known(
        {
            "path": path or None,
            "name": path.rpartition("/")[2] or None,
            "size": facts.size(),
            "inode": None if inode is None else str(inode),
            "device": facts.text("dev"),
            "mode": facts.text("mode"),
            "uid": None if uid is None else str(uid),
            "gid": None if gid is None else str(gid),
            "mtime": times.rfc3339(moments["mtime_ns"]) if "mtime_ns" in moments else None,
            "hash": hashes,
        }
    )
