"""An event of Tracee -> what was done. Current, older and legacy JSON, and findings of its rules.

Shapes: api/v1beta1/event_json.go (current), types/trace/trace.go (``trace.Event``),
types/detect/finding.go (``Finding`` with ``SigMetadata``). Ids of detectors are given at run time,
so names decide, never numbers.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from triage.linux_image.untrusted_json import Json, mapping, number_of, text_of, time_text
from triage.model import Location
from triage.model.linux_image import LogEvent
from triage.predicates.executions import kernel_path

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


def _arguments(rows: object) -> dict[str, Any]:
    """``data`` or ``args``: rows of a name and a value under a key that names its type."""
    found: dict[str, Any] = {}
    for row in rows[:256] if isinstance(rows, list) else ():
        row = mapping(row)
        name = text_of(row.get("name"))
        values = [v for k, v in row.items() if k not in ("name", "type")]
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


# --- the shapes -----------------------------------------------------------------------------


def _current(record: Json, place: Location) -> LogEvent | None:
    name = text_of(record.get("name")) or ""
    workload, cause = mapping(record.get("workload")), mapping(record.get("detected_from"))
    process = mapping(workload.get("process"))
    data = _arguments(record.get("data")) or _arguments(cause.get("data"))
    thread = mapping(process.get("thread"))
    ancestors = process.get("ancestors")
    parent = mapping(ancestors[0]) if isinstance(ancestors, list) and ancestors else {}
    threat = mapping(record.get("threat"))
    technique = text_of(mapping(mapping(threat.get("mitre")).get("technique")).get("id"))
    return _event(
        name, data, place,
        cause=text_of(cause.get("name")),
        rule=_rule(name, technique) if threat else None,
        time=time_text(record.get("timestamp")),
        pid=number_of(process.get("host_pid")) or number_of(process.get("pid")),
        ppid=number_of(parent.get("host_pid")),
        uid=number_of(mapping(process.get("real_user")).get("id")),
        comm=text_of(thread.get("name")),
        exe=text_of(mapping(process.get("executable")).get("path")),
        parent=text_of(mapping(parent.get("executable")).get("path"))
        or text_of(mapping(parent.get("thread")).get("name")),
        container=text_of(mapping(workload.get("container")).get("id")) or None,
    )  # fmt: skip


def _legacy(record: Json, place: Location, rule: str | None = None) -> LogEvent | None:
    name = text_of(record.get("eventName")) or ""
    container = text_of(mapping(record.get("container")).get("id")) or text_of(
        record.get("containerId")
    )
    properties = mapping(mapping(record.get("metadata")).get("Properties"))
    signature = text_of(properties.get("signatureID"))
    technique = text_of(properties.get("external_id"))
    args = _arguments(record.get("args"))
    caused = mapping(args.get("triggeredBy"))
    if caused:
        args = _arguments(caused.get("args")) or args
    return _event(
        name, args, place,
        cause=text_of(caused.get("name")),
        rule=rule or (_rule(signature or name, technique) if signature else None),
        time=time_text(record.get("timestamp")),
        pid=number_of(record.get("hostProcessId")) or number_of(record.get("processId")),
        ppid=number_of(record.get("hostParentProcessId"))
        or number_of(record.get("parentProcessId")),
        uid=number_of(record.get("userId")),
        comm=text_of(record.get("processName")),
        exe=text_of(mapping(record.get("executable")).get("path")),
        parent=None,
        container=container or None,
    )  # fmt: skip


def _finding(record: Json, place: Location) -> LogEvent | None:
    metadata = mapping(record.get("SigMetadata"))
    event = record.get("Event") or record.get("Context")
    inner = mapping(event)
    inner = mapping(inner.get("Payload")) or inner
    technique = text_of(mapping(metadata.get("Properties")).get("external_id"))
    names = (text_of(metadata.get("ID")), text_of(metadata.get("EventName")))
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
    path = text_of(data.get("pathname"))
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
        cwd=text_of(data.get("pwd")),
        paths=paths,
        facts=tuple(
            (key, text)
            for key in ("cmdpath", "interp", "stdin_path", "flags", "name", "uname", "alert")
            if (text := text_of(data.get(key)))
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
