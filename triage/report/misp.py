"""A MISP event: one object for each subject that was not judged benign, with its hashes and clues.

Format: the MISP core format (draft-dulaunoy-misp-core-format) and the object templates ``file`` and
``process`` of misp-objects. Only hashes of what scored high and is no file on this disk are marked
for detection (``to_ids``): an address inside a payload may be anybody's. Nothing is published or
distributed by importing it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from ipaddress import ip_address
from types import MappingProxyType

from triage.model import Clue, Report, Subject
from triage.report import identifiers, times
from triage.report.values import (
    Facts,
    alarming,
    command_line,
    findings,
    has_process,
    json_rows,
    program,
    registry_place,
    technique_name,
    techniques,
    telltale_hashes,
    text,
)

Object = dict[str, object]
# Name, uuid, version and meta-category of the templates, from misp-objects.
_FILE = ("file", "688c46fb-5edb-40a3-8273-1af7923e2215", "25", "file")
_REGISTRY = ("registry-key", "8b3228ad-6d82-4fe6-b2ae-05426308f1d5", "5", "file")
_PROCESS = ("process", "02aeef94-ac23-455c-addb-731757ceafb5", "10", "misc")
#: Type, category of each kind of clue; others are text.
_CLUES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "url": ("url", "Network activity"),
        "ip": ("ip-dst", "Network activity"),
        "domain": ("domain", "Network activity"),
    }
)
_TEXT = ("text", "Other")
_DOMAIN = re.compile(r"(?=.{4,253}$)(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{2,63}", re.IGNORECASE)
# MISP counts 1 as the worst, 4 as not known.
_THREAT = {"critical": "1", "high": "1", "medium": "2", "low": "3", "info": "3"}
_LONGEST = 4000


def render(report: Report) -> str:
    """The event as JSON, one object a line."""
    run = identifiers.run_of(report)
    telltale = telltale_hashes(report)
    objects = (_object(subject, report, run, telltale) for subject in alarming(report))
    return f'{{"Event": {json_rows(_event(report), "Object", objects).rstrip()}}}\n'


def _event(report: Report) -> Object:
    run = identifiers.run_of(report)
    end = times.window(report)[1]
    subjects = list(alarming(report))
    names = sorted({n for each in subjects for f in findings(each) for n in techniques(f)})
    host = report.host.hostname or "an unknown host"
    return {
        "uuid": run,
        "info": text(f"triage of {host}: {report.verdict}", 1000),
        "date": end.date().isoformat(),
        "timestamp": _stamp(report),
        "threat_level_id": _THREAT.get(report.verdict, "4"),
        "analysis": "0",
        "distribution": "0",
        "published": False,
        "Tag": [_tag(name) for name in names],
        "Attribute": list(_event_attributes(report, run)),
    }


def _stamp(report: Report) -> str:
    return str(max(0, int(times.window(report)[1].timestamp())))


def _tag(name: str) -> Object:
    cluster = technique_name(name).replace('"', "'")
    return {"name": f'misp-galaxy:mitre-attack-pattern="{cluster} - {name}"'}


def _event_attributes(report: Report, run: str) -> Iterator[Object]:
    looked = f"triage {report.tool_version} on {report.root_kind} {report.root_path}"
    facts = {"evidence": looked, "kernel": report.host.kernel, "system": report.host.os}
    for number, (name, value) in enumerate(facts.items()):
        shown = _shown(value)
        if shown:
            yield _attribute("text", "Other", shown, (run, str(number)), report, comment=name)


def _shown(value: str | int | None) -> str:
    """A value that MISP takes: text without blanks around it; nothing for what is not known."""
    return "" if value is None else text(str(value), _LONGEST).strip()


def _attribute(
    kind: str, category: str, value: str, seed: tuple[str, ...], report: Report,
    *, relation: str | None = None, to_ids: bool = False, comment: str = "",
) -> Object:  # fmt: skip
    made: Object = {
        "uuid": identifiers.named("attribute", *seed),
        "type": kind,
        "category": category,
        "value": value,
        "to_ids": to_ids,
        "distribution": "5",  # as the event's
        "disable_correlation": not to_ids,
        "timestamp": _stamp(report),
        "comment": comment,
    }
    return made if relation is None else {"object_relation": relation, **made}


def _object(subject: Subject, report: Report, run: str, telltale: Collection[str]) -> Object:
    name, template, version, category = _template(subject)
    seed = (run, subject.id)
    rows = list(_rows(subject))
    clues = () if subject.content is None else subject.content.clues
    return {
        "uuid": identifiers.named("object", *seed),
        "name": name,
        "meta-category": category,
        "template_uuid": template,
        "template_version": version,
        "distribution": "5",
        "timestamp": _stamp(report),
        "comment": text(f"[{subject.severity.value} {subject.score}] {subject.title}", 1000),
        "Attribute": [
            *(
                _attribute(kind, where, value, (*seed, relation, str(number)), report,
                           relation=relation, to_ids=kind == "sha256" and value in telltale,
                           comment=comment)
                for number, (relation, kind, where, value, comment) in enumerate(rows)
            ),
            *(_clue(clue, (*seed, str(n)), report) for n, clue in enumerate(clues)
              if _shown(clue.value)),
        ],
    }  # fmt: skip


def _template(subject: Subject) -> tuple[str, str, str, str]:
    if has_process(subject):
        return _PROCESS
    return _FILE if registry_place(Facts(subject)) is None else _REGISTRY


def _rows(subject: Subject) -> Iterator[tuple[str, str, str, str, str]]:
    """(relation, type, category, value, comment) of what the templates have a place for."""
    facts = Facts(subject)
    given: tuple[tuple[str, str, str, str | int | None], ...]
    place = registry_place(facts)
    if has_process(subject):
        given = (
            ("name", "text", "Other", facts.text("comm")),
            ("pid", "text", "Other", facts.number("pid")),
            ("parent-pid", "text", "Other", facts.number("ppid")),
            ("image", "filename", "Payload delivery", program(facts)),
            ("command-line", "text", "Other", command_line(facts)),
            ("current-directory", "text", "Other", facts.text("cwd")),
        )
    elif place is not None:
        given = (
            ("key", "regkey", "Persistence mechanism", place.full_key),
            ("name", "text", "Other", place.value),
            ("data", "text", "Other", facts.text("text") or facts.text("command")),
            ("data-type", "text", "Other", facts.text("type")),
        )
    else:
        path = facts.text("path") or text(subject.location.path)
        given = (
            ("fullpath", "text", "Other", path),
            ("filename", "filename", "Payload delivery", path.rpartition("/")[2]),
            ("size-in-bytes", "size-in-bytes", "Other", facts.size()),
            ("sha256", "sha256", "Payload delivery", facts.sha256()),
            ("text", "text", "Other", text(subject.location.inside)),
        )
    shown = [(relation, kind, where, _shown(value)) for relation, kind, where, value in given]
    if not any(value for _, _, _, value in shown):
        shown = [("name" if has_process(subject) else "fullpath", "text", "Other", subject.id)]
    yield from (
        (relation, kind, where, value, "") for relation, kind, where, value in shown if value
    )
    yield from _more(subject, facts)


def _more(subject: Subject, facts: Facts) -> Iterator[tuple[str, str, str, str, str]]:
    """What was found, and what the templates lack: the hash of the program or the content."""
    digest = facts.sha256()
    if _template(subject) is not _FILE and digest is not None:
        yield "sha256", "sha256", "Payload delivery", digest, "of the content"
    for finding in findings(subject):
        shown = _shown(" | ".join((finding.title, *finding.evidence)))
        if shown:
            yield "text", "text", "Other", shown, text(finding.indicator, 200)


def _acceptable(kind: str, value: str) -> bool:
    """Whether a server takes the value for that type; of a text it always does."""
    if kind == "ip-dst":
        try:
            return "%" not in value and bool(ip_address(value))
        except ValueError:
            return False
    return _DOMAIN.fullmatch(value) is not None if kind == "domain" else True


def _clue(clue: Clue, seed: tuple[str, ...], report: Report) -> Object:
    value = _shown(clue.value)
    kind, where = _CLUES.get(clue.kind, _TEXT)
    if not _acceptable(kind, value):
        kind, where = _TEXT
    comment = text(f"{clue.kind} inside the payload", 200)
    return _attribute(kind, where, value, ("clue", *seed), report,
                      relation="text", comment=comment)  # fmt: skip
