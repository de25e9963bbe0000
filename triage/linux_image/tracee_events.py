"""An event of Tracee -> what was done. Current, older and legacy JSON, and findings of its rules.

Shapes: api/v1beta1/event_json.go (current), types/trace/trace.go (``trace.Event``),
types/detect/finding.go (``Finding`` with ``SigMetadata``). Ids of detectors are given at run time,
so names decide, never numbers.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from triage.model import Location
from triage.model.linux_image import LogEvent
from triage.predicates.executions import kernel_path

Json = Mapping[str, Any]
#: The product's names and ids of what it raises about code from memory: rule -> ATT&CK technique.
RULES = {
    "fileless_execution": "T1620", "TRC-105": "T1620", "TRC-5": "T1620",
    "proc_mem_code_injection": "T1055.009", "TRC-1024": "T1055.009", "TRC-3": "T1055",
    "process_vm_write_inject": "T1055", "TRC-1025": "T1055", "ptrace_code_injection": "T1055.008",
    "TRC-103": "T1055.008", "dynamic_code_loading": "T1027.002", "TRC-104": "T1027.002",
    "ld_preload": "T1574.006", "TRC-107": "T1574.006", "default_loader_mod": "T1574.006",
    "TRC-1012": "T1574.006", "hidden_file_created": "T1564.001",
}  # fmt: skip
_ACTIONS = {
    "sched_process_exec": "execute", "execve": "execute", "execveat": "execute",
    "process_execution": "execute", "fileless_execution": "execute", "memfd_create":
    "create-memfd", "process_vm_writev": "inject", "shared_object_loaded": "load",
    "security_kernel_read_file": "load", "dropped_executable": "message",
}  # fmt: skip
_POKES = ("POKETEXT", "POKEDATA", "POKEUSER", "SETREGS", "SETFPREGS")
BYTES_MAX = 1 << 20


def is_tracee(record: Json) -> bool:
    """Whether a JSON object has one of the shapes."""
    return (
        "SigMetadata" in record
        or ("eventName" in record and "args" in record)
        or ("name" in record and ("workload" in record or "data" in record)
            and ("timestamp" in record or "policies" in record))
    )  # fmt: skip


def log_event(record: Json, place: Location) -> LogEvent | None:
    """``None`` for events that tell of nothing that is judged here."""
    if "SigMetadata" in record:
        return _finding(record, place)
    if "eventName" in record:
        return _legacy(record, place)
    return _current(record, place)


# --- reading without trust ------------------------------------------------------------------


def _map(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    if isinstance(value, dict):  # {"value": 1}: wrapped, in older versions
        value = value.get("value")
    if isinstance(value, bool) or value is None:
        return None
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else None


def _number(value: object) -> int | None:
    text = _text(value)
    return int(text) if text is not None and text.isdecimal() and len(text) < 16 else None


def _arguments(rows: object, names: str = "name") -> dict[str, Any]:
    """``data`` or ``args``: rows of a name and a value under a key that names its type."""
    found: dict[str, Any] = {}
    for row in rows[:256] if isinstance(rows, list) else ():
        row = _map(row)
        name = _text(row.get(names))
        values = [v for k, v in row.items() if k not in (names, "type")]
        if name is not None and values:
            value = values[0]
            if isinstance(value, dict) and isinstance(value.get("value"), list):
                value = value["value"]
            found[name] = value
    return found


def _words(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not value:
        return None
    return tuple(str(word) for word in value[:4096])


def time_text(value: object) -> str | None:
    """A time as text, as nanoseconds, or as seconds and nanoseconds, in RFC 3339."""
    if isinstance(value, dict):
        value = _number(value.get("seconds"))
        value = None if value is None else value * 1_000_000_000
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    try:
        if isinstance(value, str):
            text = value[:19] + ("+00:00" if value.endswith("Z") else value[19:][-6:])
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        elif isinstance(value, int) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value // 1_000_000_000, UTC)
        else:
            return None
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


# --- the shapes -----------------------------------------------------------------------------


def _current(record: Json, place: Location) -> LogEvent | None:
    name = _text(record.get("name")) or ""
    workload, cause = _map(record.get("workload")), _map(record.get("detected_from"))
    process = _map(workload.get("process"))
    data = _arguments(record.get("data")) or _arguments(cause.get("data"))
    thread = _map(process.get("thread"))
    ancestors = process.get("ancestors")
    parent = _map(ancestors[0]) if isinstance(ancestors, list) and ancestors else {}
    threat = _map(record.get("threat"))
    technique = _text(_map(_map(threat.get("mitre")).get("technique")).get("id"))
    return _event(
        name, data, place,
        cause=_text(cause.get("name")),
        rule=_rule(name, technique) if threat else None,
        time=time_text(record.get("timestamp")),
        pid=_number(process.get("host_pid")) or _number(process.get("pid")),
        ppid=_number(parent.get("host_pid")),
        uid=_number(_map(process.get("real_user")).get("id")),
        comm=_text(thread.get("name")),
        exe=_text(_map(process.get("executable")).get("path")),
        parent=_text(_map(parent.get("executable")).get("path"))
        or _text(_map(parent.get("thread")).get("name")),
        container=_text(_map(workload.get("container")).get("id")) or None,
    )  # fmt: skip


def _legacy(record: Json, place: Location, rule: str | None = None) -> LogEvent | None:
    name = _text(record.get("eventName")) or ""
    container = _text(_map(record.get("container")).get("id")) or _text(record.get("containerId"))
    properties = _map(_map(record.get("metadata")).get("Properties"))
    signature = _text(properties.get("signatureID"))
    technique = _text(properties.get("external_id"))
    args = _arguments(record.get("args"))
    caused = _map(args.get("triggeredBy"))
    if caused:
        args = _arguments(caused.get("args")) or args
    return _event(
        name, args, place,
        cause=_text(caused.get("name")),
        rule=rule or (_rule(signature or name, technique) if signature else None),
        time=time_text(record.get("timestamp")),
        pid=_number(record.get("hostProcessId")) or _number(record.get("processId")),
        ppid=_number(record.get("hostParentProcessId")) or _number(record.get("parentProcessId")),
        uid=_number(record.get("userId")),
        comm=_text(record.get("processName")),
        exe=_text(_map(record.get("executable")).get("path")),
        parent=None,
        container=container or None,
    )  # fmt: skip


def _finding(record: Json, place: Location) -> LogEvent | None:
    metadata = _map(record.get("SigMetadata"))
    event = record.get("Event") or record.get("Context")
    inner = _map(event)
    inner = _map(inner.get("Payload")) or inner
    technique = _text(_map(metadata.get("Properties")).get("external_id"))
    names = (_text(metadata.get("ID")), _text(metadata.get("EventName")))
    rule = next((r for n in names if n and (r := _rule(n, technique))), None)
    found = _legacy(inner, place, rule) if "eventName" in inner else None
    if found is None and rule is not None:
        return LogEvent(place, "tracee", "message", rule=rule)
    return found


def _rule(name: str, technique: str | None) -> str | None:
    """The rule's name when it is about what is judged here; ``None`` for others."""
    known = RULES.get(name)
    if known is None and not (technique or "").startswith(("T1620", "T1055", "T1027.011",
                                                           "T1574.006")):  # fmt: skip
        return None
    return f"{name} ({known or technique})"


def _event(name: str, data: dict[str, Any], place: Location, **more: Any) -> LogEvent | None:
    cause = more.pop("cause")
    action = _ACTIONS.get(name) or _ACTIONS.get(cause or "") or "message"
    if name == "ptrace" or cause == "ptrace":
        asked = str(data.get("request", "")).upper()
        action = "inject" if any(poke in asked for poke in _POKES) else "message"
    path = _text(data.get("pathname"))
    if action == "execute" and path:
        more["exe"] = path
    paths: tuple[str, ...] = ()
    if action == "load" and path:
        paths = (kernel_path(path),)
    written = name == "magic_write" and path is not None
    exe = more.pop("exe")
    return LogEvent(
        location=place,
        source="tracee",
        action=action,
        exe=kernel_path(exe) if exe else None,
        cmdline=_words(data.get("argv")),
        cwd=_text(data.get("pwd")),
        paths=paths,
        facts=tuple(
            (key, text)
            for key in ("cmdpath", "interp", "stdin_path", "flags", "name", "uname", "alert")
            if (text := _text(data.get(key)))
        ) + ((("event", name),) if name else ()) + ((("written", path or ""),) if written else ()),
        **more,
    )  # fmt: skip


def arguments_of(record: Json) -> dict[str, Any]:
    """An event's own arguments, in any of the shapes."""
    return _arguments(record.get("data")) or _arguments(record.get("args"))


def written_bytes(data: Mapping[str, Any]) -> bytes | None:
    """The first bytes that a ``magic_write`` event saw, from base64."""
    value = data.get("bytes")
    if not isinstance(value, str) or len(value) > BYTES_MAX:
        return None
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
