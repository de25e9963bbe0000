"""What the report calls events and event logs: identity, title and facts."""

from __future__ import annotations

from triage.model import Content
from triage.model.windows import EventField, EventLog, EventRecord

Facts = tuple[tuple[str, str | int | bool | None], ...]
Events = EventRecord | EventLog
_SHOWN = 400
#: What is told of each act first; the rest follows in the order of the event.
_WORDS = {
    "code-blocked": "code that Windows refused",
    "connection": "a connection",
    "crash": "a crash outside of any module",
    "database-setting": "a setting of SQL Server",
    "defender-change": "a change of Microsoft Defender",
    "detection": "a detection by Microsoft Defender",
    "dns-text": "a DNS answer with text",
    "engine-start": "PowerShell in a host",
    "file-write": "a file that was written",
    "log-cleared": "a log that was cleared",
    "log-stopped": "the event log service",
    "managed-crash": "a crash of .NET",
    "module-load": "a module that was loaded",
    "pipe": "a named pipe",
    "process-access": "a process opened by another",
    "process-start": "a process that was started",
    "registry-access": "a key of the Registry that was opened",
    "registry-set": "a write to the Registry",
    "remote-thread": "a thread started in another process",
    "run-key": "a program started at logon",
    "script": "a script that ran",
    "shim": "a compatibility fix",
    "service-install": "a service that was installed",
    "sigma-rule": "a Sigma rule that matched",
    "stored-data": "data kept in an event",
    "stored-parts": "data kept in several events",
    "stream-write": "a named stream that was written",
    "tampering": "an image changed in memory",
    "task": "a scheduled task",
    "transfer": "a transfer by BITS",
    "wmi-binding": "a WMI binding",
    "wmi-consumer": "a WMI consumer",
    "wmi-failure": "a WMI operation that failed",
    "wmi-filter": "a WMI filter",
    "wmi-provider": "a WMI provider",
    "wmi-query": "a WMI query",
    "wmi-write": "a write into WMI",
}
_WHO = (
    "rule",
    "image",
    "consumer",
    "service",
    "task",
    "threat",
    "job",
    "path",
    "log",
    "name",
    "command",
)
_WHOM = ("target", "loaded", "key", "path", "pipe", "command", "query")


def identity_of(artifact: Events) -> str:
    """What tells it from every other of the same snapshot, and is the same in every run."""
    place = f"{artifact.location.path}\0{artifact.location.inside}"
    if isinstance(artifact, EventLog):
        return f"log\0{place}"
    inner = "\0".join(f"{field.name}={field.text}" for field in artifact.fields)
    return f"{place}\0{artifact.act}\0{','.join(artifact.traits)}\0{inner}"


def name_of(artifact: Events) -> str:
    """Who did what to whom, in short names."""
    if isinstance(artifact, EventLog):
        return artifact.location.path.rpartition("/")[2]
    who = next((text for name in _WHO if (text := artifact.text(name))), None)
    whom = next((t for name in _WHOM if (t := artifact.text(name)) and t != who), None)
    words = _short(who) if who else _WORDS.get(artifact.act, artifact.act)
    shown = f"{words} > {_short(whom)}" if whom and artifact.act in _PAIRS else words
    return f"{shown} ({artifact.count} events)" if artifact.count > 1 else shown


_PAIRS = frozenset(
    {"module-load", "process-access", "registry-set", "registry-access", "remote-thread", "pipe"}
)


def _short(text: str) -> str:
    """The end of a path, the beginning of anything else; on one line."""
    line = " ".join(text.split())
    if "\\" in line and " -" not in line and " /" not in line and len(line) < 300:
        parts = line.rstrip("\\").split("\\")
        return "\\".join(parts[-2:])[-80:]
    return line if len(line) <= 80 else f"{line[:80]}…"


def content_of(artifact: Events) -> Content | None:
    """What was joined, else the value that was examined."""
    if isinstance(artifact, EventLog):
        return None
    if artifact.joined is not None:
        return artifact.joined
    return next((f.content for f in artifact.fields if f.content is not None), None)


def facts_of(artifact: Events) -> Facts:
    """The facts an analyst looks for first."""
    if isinstance(artifact, EventLog):
        return _log_facts(artifact)
    content = content_of(artifact)
    named: dict[str, list[EventField]] = {}
    for field in artifact.fields:
        named.setdefault(field.name, []).append(field)
    return (
        ("what", _WORDS.get(artifact.act, artifact.act)),
        *((name, _shown(found)) for name, found in named.items() if name != "shape"),
        ("provider", artifact.provider),
        ("event_id", artifact.event_id),
        ("channel", artifact.channel),
        ("computer", artifact.computer),
        ("user", artifact.user),
        ("count", artifact.count),
        ("times", times_of(artifact)),
        ("first", artifact.first),
        ("last", artifact.last),
        ("record_id", artifact.records[0] if artifact.records else None),
        ("records", ", ".join(map(str, artifact.records))),
        ("processes", ", ".join(artifact.processes[:8])),
        ("traits", ", ".join(artifact.traits)),
        ("joined_from", ", ".join(artifact.parts)[:_SHOWN]),
        ("sha256", None if content is None else content.sha256),
        ("content_kind", None if content is None else content.kind),
    )


def _shown(fields: list[EventField]) -> str:
    return " | ".join(" ".join((f.text or "").split())[:_SHOWN] for f in fields)[: 2 * _SHOWN]


def times_of(artifact: EventRecord) -> str | None:
    """``TIME what (source); ...``: when it happened, in the form a timeline reads."""
    if artifact.first is None:
        return None
    found = f"{artifact.first} {'first ' if artifact.count > 1 else ''}event (TimeCreated)"
    if artifact.count > 1 and artifact.last is not None:
        found += f"; {artifact.last} last event (TimeCreated)"
    return found


def _log_facts(log: EventLog) -> Facts:
    missing = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in log.missing)
    jumps = ", ".join(f"record {n}: {before} > {after}" for n, before, after in log.jumps[:8])
    return (
        ("channels", ", ".join(log.channels)),
        ("computers", ", ".join(log.computers)),
        ("size", log.size),
        ("records", log.records),
        ("damaged", log.damaged),
        ("recovered", log.recovered),
        ("in_unused_space", log.unused or None),
        ("dirty", log.dirty),
        ("first_record", log.first_record),
        ("last_record", log.last_record),
        ("times", None if log.first is None else _log_times(log)),
        ("first", log.first),
        ("last", log.last),
        ("missing_records", log.missing_count),
        ("missing", missing[:_SHOWN]),
        ("clock_went_back", jumps[:_SHOWN]),
    )


def _log_times(log: EventLog) -> str:
    return f"{log.first} first record (written); {log.last} last record (written)"
