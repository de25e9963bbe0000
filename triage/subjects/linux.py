"""What the report calls persistence items, recorded events and core dumps."""

from __future__ import annotations

from triage.model import Content
from triage.model.linux_image import MECHANISMS, CoreDump, LogEvent, PersistenceItem
from triage.predicates.logged import command_line
from triage.subjects.cut import cut

Facts = tuple[tuple[str, str | int | bool | None], ...]
Kind = PersistenceItem | LogEvent | CoreDump
_SHOWN = 400


def identity_of(artifact: Kind) -> str:
    """What tells it from every other of the same snapshot, and is the same in every run."""
    place = f"{artifact.location.path}\0{artifact.location.inside}"
    if isinstance(artifact, PersistenceItem):
        return f"{place}\0{artifact.mechanism}\0{artifact.name}\0{artifact.command}"
    if isinstance(artifact, LogEvent):
        words = "\0".join(artifact.cmdline or ())
        return f"{place}\0{artifact.action}\0{artifact.time}\0{artifact.exe}\0{words}"
    return place


def name_of(artifact: Kind) -> str:
    if isinstance(artifact, PersistenceItem):
        what = MECHANISMS.get(artifact.mechanism, artifact.mechanism)
        return f"{what}, {artifact.name}" if artifact.name else what
    if isinstance(artifact, LogEvent):
        who = artifact.exe or command_line(artifact)[:80] or artifact.comm or artifact.action
        number = "" if artifact.pid is None else f" (pid {artifact.pid})"
        return f"{who}{number} in {artifact.source}"
    return f"core dump of {artifact.exe or artifact.comm or artifact.location.path}"


def content_of(artifact: Kind) -> Content | None:
    if isinstance(artifact, PersistenceItem):
        return artifact.content or artifact.target_content
    return artifact.content


def facts_of(artifact: Kind) -> Facts:
    """The facts an analyst looks for first."""
    if isinstance(artifact, PersistenceItem):
        return _item_facts(artifact)
    if isinstance(artifact, LogEvent):
        return _event_facts(artifact)
    return (
        ("exe", artifact.exe),
        ("comm", artifact.comm),
        ("pid", artifact.pid),
        ("uid", artifact.uid),
        ("signal", artifact.signal),
        ("time", artifact.time),
        ("size", artifact.file.size),
        ("mapped", ", ".join(artifact.mapped[:8])[:_SHOWN]),
        *_content_facts(artifact.content),
    )


def _item_facts(item: PersistenceItem) -> Facts:
    there = None if item.target is None else item.target_file is not None
    return (
        ("mechanism", item.mechanism),
        ("name", item.name),
        ("command", cut(item.command, _SHOWN)),
        ("trigger", item.trigger),
        ("user", item.user),
        ("target", item.target),
        ("target_exists", there),
        ("owner_uid", None if item.file is None else item.file.uid),
        ("modified_ns", None if item.file is None else item.file.mtime_ns),
        ("settings", cut(", ".join(f"{k}={v}" for k, v in item.settings), _SHOWN)),
        *_content_facts(content_of(item)),
    )


def _event_facts(event: LogEvent) -> Facts:
    return (
        ("source", event.source),
        ("action", event.action),
        ("time", event.time),
        ("last", event.last),
        ("count", event.count),
        ("pid", event.pid),
        ("ppid", event.ppid),
        ("uid", event.uid),
        ("comm", event.comm),
        ("exe", event.exe),
        ("command", command_line(event)),
        ("cwd", event.cwd),
        ("parent", event.parent),
        ("container", event.container),
        ("unit", event.unit),
        ("rule", event.rule),
        *((f"record_{name.replace(' ', '_')}", value) for name, value in event.facts[:8]),
        *_content_facts(event.content),
    )


def _content_facts(content: Content | None) -> Facts:
    return (
        ("sha256", None if content is None else content.sha256),
        ("content_kind", None if content is None else content.kind),
    )
