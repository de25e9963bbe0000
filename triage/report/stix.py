"""A STIX 2.1 bundle: what was seen (observed-data), what it shows of ATT&CK (sighting), and why.

Only what was not judged benign: a bundle is for sharing. For each subject its cyber-observable
objects, an observed-data that holds them, a note with the explanation, a sighting of each
technique, and an indicator where its hash tells it on other boxes, too; links between subjects are
relationships. Identifiers are UUIDs of version 5 over what the object stands for, times are the
collection's, so the same snapshot gives the same bundle.

Format: OASIS STIX 2.1, sections 2.9 (identifiers), 4 (domain objects), 5 (relationships) and 6
(observables). An attack-pattern names its technique by external reference, as MITRE's own do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from uuid import UUID

from triage.model import Confidence, Report, Subject
from triage.report import identifiers, order, times
from triage.report.values import (
    SURENESS,
    Facts,
    RegistryPlace,
    alarming,
    command_line,
    findings,
    has_process,
    json_rows,
    known,
    program,
    registry_place,
    technique_name,
    technique_url,
    techniques,
    telltale_hashes,
    text,
)

Object = dict[str, object]
# The name space that STIX 2.1, section 2.9, sets for deterministic ids of observables.
_OBSERVABLES = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
_REGISTRY_TYPES = frozenset(
    {"REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN",
     "REG_LINK", "REG_MULTI_SZ", "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTION",
     "REG_RESOURCE_REQUIREMENTS_LIST", "REG_QWORD", "REG_INVALID_TYPE"}
)  # fmt: skip
_RELATION = re.compile(r"[^a-z0-9]+")


def render(report: Report) -> str:
    """The bundle as JSON, one object a line."""
    run = identifiers.run_of(report)
    head = {"type": "bundle", "id": _id("bundle", run)}
    return json_rows(head, "objects", _once(_objects(report, run)))


def _once(objects: Iterator[Object]) -> Iterator[Object]:
    """One file, one technique may be seen many times."""
    seen: set[object] = set()
    for each in objects:
        if each["id"] not in seen:
            seen.add(each["id"])
            yield each


def _id(kind: str, *parts: str) -> str:
    return f"{kind}--{identifiers.named(kind, *parts)}"


def _objects(report: Report, run: str) -> Iterator[Object]:
    moment = times.rfc3339(times.window(report)[1])
    tool = _identity("triage", "the tool that looked", moment, "triage")
    host = _identity(report.host.hostname or "unknown host", "the box looked at", moment, run)
    yield tool
    yield host
    common: Object = {
        "spec_version": "2.1",
        "created_by_ref": tool["id"],
        "created": moment,
        "modified": moment,
    }
    shown = list(alarming(report))
    ids = {subject.id for subject in shown}
    telltale = telltale_hashes(report)
    for subject in shown:
        observables = _observables(subject)
        yield from observables
        observed = _observed(report, subject, run, observables, common)
        yield observed
        yield _note(subject, observed, common)
        yield from _indicator(subject, run, observed, telltale, common)
        yield from _sightings(subject, run, observed, host, common)
        yield from _relationships(subject, run, ids, common)


def _identity(name: str, description: str, moment: str, seed: str) -> Object:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": _id("identity", seed),
        "created": moment,
        "modified": moment,
        "name": text(name, 255),
        "description": description,
        "identity_class": "system",
    }


# --- observables ----------------------------------------------------------------------------


def _observable(kind: str, contributing: Object, **more: object) -> Object:
    """An observable whose id is made of the properties that the specification names for it."""
    # RFC 8785 (JCS) for what occurs here: texts and objects of texts, in ASCII or UTF-8.
    name = json.dumps(contributing, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    made = f"{kind}--{identifiers.named(name, space=_OBSERVABLES)}"
    return {"type": kind, "spec_version": "2.1", "id": made, **contributing, **known(more)}


def _observables(subject: Subject) -> list[Object]:
    """The thing itself, then what it refers to."""
    facts = Facts(subject)
    if has_process(subject):
        return _process(subject, facts)
    place = registry_place(facts)
    if place is not None:
        return [_registry_key(place, facts)]
    path = facts.text("path") if subject.kind == "memory-file" else None
    return _file(path or text(subject.location.path), facts)


def _registry_key(place: RegistryPlace, facts: Facts) -> Object:
    """A key, with the value where the subject is one (section 6.15)."""
    kind = facts.exact("type") or ""
    given = {
        "name": place.value,
        "data": facts.text("text") or facts.text("command"),
        "data_type": kind if kind in _REGISTRY_TYPES else None,
    }
    values = [] if place.value is None else [known(given)]
    written = next((at for name, at in times.of(facts.subject) if name == "last_write"), None)
    return _observable(
        "windows-registry-key",
        {"key": place.full_key, **({"values": values} if values else {})},
        modified_time=None if written is None else times.rfc3339(written),
    )


def _process(subject: Subject, facts: Facts) -> list[Object]:
    image = program(facts)
    files = [] if image is None else _file(image, facts)
    start = next(
        (moment for name, moment in times.of(subject) if name in ("start_time", "time")), None
    )
    made: Object = {
        "type": "process",
        "spec_version": "2.1",
        "pid": facts.number("pid"),
        "created_time": None if start is None else times.rfc3339(start),
        "cwd": facts.text("cwd"),
        "command_line": command_line(facts),
        "image_ref": files[0]["id"] if files else None,
    }
    made = known(made)
    if len(made) == 2:  # a process must have at least one property (section 6.13)
        made["command_line"] = text(subject.title)
    # Processes have no contributing properties: whatever tells this one apart goes in.
    made["id"] = _id("process", json.dumps(made, sort_keys=True), subject.id)
    return [made, *files]


def _file(path: str, facts: Facts) -> list[Object]:
    """A file by its name, and the directory it lies in (sections 6.4 and 6.7)."""
    folder, _, name = path.removesuffix(" (deleted)").rpartition("\\" if "\\" in path else "/")
    directory = _observable("directory", {"path": folder}) if folder else None
    digest = facts.sha256()
    contributing = known(
        {
            "name": name or "unnamed",
            "hashes": None if digest is None else {"SHA-256": digest},
            "parent_directory_ref": None if directory is None else directory["id"],
        }
    )
    size = None if facts.size() is None or digest is None else facts.size()
    file = _observable("file", contributing, size=size)
    return [file] if directory is None else [file, directory]


# --- what is said of them -------------------------------------------------------------------


def _observed(
    report: Report, subject: Subject, run: str, observables: list[Object], common: Object
) -> Object:
    first, last = times.window(report)
    return {
        "type": "observed-data",
        "id": _id("observed-data", run, subject.id),
        **common,
        "first_observed": times.rfc3339(first),
        "last_observed": times.rfc3339(last),
        "number_observed": 1,
        "object_refs": [each["id"] for each in observables],
        "labels": ["triage", subject.severity.value],
    }


def _note(subject: Subject, observed: Object, common: Object) -> Object:
    lines = [f"{subject.severity.value}, score {subject.score} of 100"]
    for finding in findings(subject):
        lines += [f"{finding.title} ({finding.indicator})", *finding.evidence]
    lines += subject.explanation
    return {
        "type": "note",
        "id": _id("note", str(observed["id"])),
        **common,
        "abstract": text(subject.title, 1000),
        "content": "\n".join(text(line) for line in lines),
        "object_refs": [observed["id"]],
    }


def _indicator(
    subject: Subject, run: str, observed: Object, telltale: Collection[str], common: Object
) -> Iterator[Object]:
    """What other boxes can be searched for (section 4.7), and what it is based on."""
    digest = Facts(subject).sha256()
    if digest is None or digest not in telltale:
        return
    made = {
        "type": "indicator",
        "id": _id("indicator", run, digest),
        **common,
        "name": f"sha256 {digest}",
        "indicator_types": ["malicious-activity"],
        "pattern": f"[file:hashes.'SHA-256' = '{digest}']",
        "pattern_type": "stix",
        "valid_from": common["created"],
        "confidence": max(SURENESS[each.confidence] for each in findings(subject)),
    }
    yield made
    yield {
        "type": "relationship",
        "id": _id("relationship", run, str(made["id"]), subject.id),
        **common,
        "relationship_type": "based-on",
        "source_ref": made["id"],
        "target_ref": observed["id"],
    }


def _sightings(
    subject: Subject, run: str, observed: Object, host: Object, common: Object
) -> Iterator[Object]:
    sure: dict[str, Confidence] = {}
    for finding in findings(subject):
        for name in techniques(finding):
            best = max(sure.get(name, finding.confidence), finding.confidence, key=SURENESS.get)  # type: ignore[arg-type]
            sure[name] = best
    for name, confidence in sorted(sure.items()):
        pattern = _attack_pattern(name, common)
        yield pattern
        yield {
            "type": "sighting",
            "id": _id("sighting", run, subject.id, name),
            **common,
            "first_seen": observed["first_observed"],
            "last_seen": observed["last_observed"],
            "count": 1,
            "confidence": SURENESS[confidence],
            "sighting_of_ref": pattern["id"],
            "observed_data_refs": [observed["id"]],
            "where_sighted_refs": [host["id"]],
        }


def _attack_pattern(name: str, common: Object) -> Object:
    reference = {
        "source_name": "mitre-attack",
        "external_id": name,
        "url": technique_url(name),
    }
    return {
        "type": "attack-pattern",
        "id": _id("attack-pattern", name),
        **common,
        "name": technique_name(name),
        "external_references": [reference],
    }


def _relationships(subject: Subject, run: str, ids: set[str], common: Object) -> Iterator[Object]:
    """Each tie once: both ends tell of it, one in the passive ("is executed by")."""
    source = _id("observed-data", run, subject.id)
    for link in order.links(subject.links):
        word = _RELATION.sub("-", link.relation.lower()).strip("-")
        passive = word.startswith(("is-", "was-"))
        if link.subject not in ids or link.subject == subject.id or passive or not word:
            continue
        yield {
            "type": "relationship",
            "id": _id("relationship", run, subject.id, word, link.subject),
            **common,
            "relationship_type": word[:100],
            "source_ref": source,
            "target_ref": _id("observed-data", run, link.subject),
        }
