"""A timeline for Timesketch: JSON Lines with ``message``, ``datetime`` and ``timestamp_desc``.

One line for each time that is known of a subject (start of a process, change of a file), and one
for the moment it was seen, sorted by time. The file's name must end in ``.jsonl``. Format:
Timesketch, docs/guides/user/import-from-json-csv.md. OpenSearch takes
32,766 bytes of one keyword at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from triage.model import Report, Subject
from triage.report import order, times
from triage.report.values import (
    Facts,
    command_line,
    json_line,
    known,
    program,
    registry_place,
    techniques,
    text,
)
from triage.report.wording import settled_word

_SEEN = "Seen by triage"


def render(report: Report) -> str:
    """The lines, the earliest first."""
    return "".join(json_line(event) for event in sorted(_events(report), key=_place))


def _place(event: dict[str, object]) -> tuple[object, ...]:
    return (event["datetime"], event["timestamp_desc"], event["message"], event["subject"])


def _events(report: Report) -> Iterator[dict[str, object]]:
    begin, end = times.window(report)
    host = text(report.host.hostname or "", 255) or None
    for moment, what in ((begin, "Collection start"), (end, "Collection end")):
        message = text(f"triage looked at {report.root_kind} {report.root_path}: {report.verdict}")
        yield _event(moment, what, message, {"hostname": host, "subject": ""})
    boot = times.utc(report.host.boot_time)
    if boot is not None:
        yield _event(boot, "Boot", "the box was started", {"hostname": host, "subject": ""})
    for subject in order.subjects(report.subjects):
        fields = {"hostname": host, **_fields(subject)}
        message = _message(subject)
        yield _event(end, _SEEN, message, fields)
        for name, moment in times.of(subject):
            yield _event(moment, times.WORDS.get(name) or _in_words(name), message, fields)


def _in_words(name: str) -> str:
    words = name.removesuffix("_ns").replace("_", " ")
    return text(words[:1].upper() + words[1:], 100)


def _event(
    moment: datetime, what: str, message: str, fields: dict[str, object]
) -> dict[str, object]:
    """``timestamp`` counts microseconds since the epoch, as Timesketch itself keeps it."""
    return {
        "message": message,
        "datetime": moment.isoformat(timespec="microseconds"),
        "timestamp": (moment - times.EPOCH) // times.MICROSECOND,
        "timestamp_desc": what,
        **known(fields),
    }


def _message(subject: Subject) -> str:
    judged = "" if subject.benign is None else f" ({settled_word(subject.benign)})"
    return text(f"[{subject.severity.value} {subject.score}] {subject.title}{judged}")


def _fields(subject: Subject) -> dict[str, object]:
    facts = Facts(subject)
    place = registry_place(facts)
    found = order.findings(subject.findings)
    names = dict.fromkeys(name for finding in found for name in techniques(finding))
    return {
        "data_type": f"triage:{text(subject.kind, 100)}",
        "subject": text(subject.id, 200),
        "kind": text(subject.kind, 100),
        "score": subject.score,
        "severity": subject.severity.value,
        "judged_benign": subject.benign is not None,
        "path": text(subject.location.path),
        "inside": text(subject.location.inside) or None,
        "indicators": list(dict.fromkeys(text(each.indicator, 200) for each in found)),
        "technique": list(names),
        "evidence": text(" | ".join(line for each in found for line in each.evidence)),
        "sha256_hash": facts.sha256(),
        "pid": facts.number("pid"),
        "command_line": command_line(facts),
        "executable": program(facts),
        "key_path": None if place is None else place.full_key,
        "value_name": None if place is None else place.value,
        "tag": ["triage", subject.severity.value],
    }
