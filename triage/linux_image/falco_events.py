"""An alert of Falco -> what was done: JSON (``json_output: true``) and text lines.

https://falco.org/docs/concepts/outputs/ ; fields as in the default rules. Custom rules work, too:
what the fields say is judged, the rule's name only where the fields are missing.
"""

from __future__ import annotations

import re

from triage.linux_image.untrusted_json import Json, time_text
from triage.model import Location
from triage.model.linux_image import LogEvent
from triage.predicates.executions import kernel_path

_RULES = frozenset({
    "Fileless execution via memfd_create", "Execution from /dev/shm",
    "Drop and execute new binary in container", "PTRACE attached to process",
    "PTRACE anti-debug attempt",
})  # fmt: skip
_TAGS = re.compile(r"T1620|T1027\.011|T1055|T1574\.006", re.IGNORECASE)
_TEXT = re.compile(
    r"^(?:\S+ )?(\d\d:\d\d:\d\d\.\d{3,9}|\d{4}-\d\d-\d\dT\S+): "
    r"(Emergency|Alert|Critical|Error|Warning|Notice|Informational|Debug) (.*)$",
    re.DOTALL,
)
_PAIR = re.compile(
    r"(?<![\w.])([a-z]\w*(?:[._]\w+){0,3})=(.*?)(?=,? [a-z]\w*(?:[._]\w+){0,3}=|\)?$)"
)
_NONE = ("<NA>", "", "null", "N/A")


def is_falco(record: Json) -> bool:
    """Whether a JSON object is an alert."""
    return (
        "rule" in record
        and "priority" in record
        and ("output_fields" in record or "output" in record)
    )


def log_event(record: Json, place: Location) -> LogEvent:
    """What an alert tells, by its fields; without fields by its output line."""
    fields = record.get("output_fields")
    if not isinstance(fields, dict) or not fields:
        fields = pairs(str(record.get("output") or ""))
    tags = record.get("tags")
    tags = " ".join(str(tag) for tag in tags) if isinstance(tags, list) else ""
    rule = str(record.get("rule"))
    return _event(fields, rule, tags, time_text(record.get("time")), place)


def of_text(line: str, place: Location) -> LogEvent | None:
    """A text line; ``None`` for what is none."""
    match = _TEXT.match(line)
    if match is None:
        return None
    rule = next((name for name in _RULES if match[3].startswith(name)), "")
    if not rule and match[3].startswith("Fileless execution"):
        rule = "Fileless execution via memfd_create"
    return _event(pairs(match[3]), rule, "", time_text(match[1]), place)


def pairs(text: str) -> dict[str, str]:
    """``key=value`` pairs of an output line."""
    return {name: value.rstrip(",") for name, value in _PAIR.findall(text[:65536])}


def _event(fields: Json, rule: str, tags: str, time: str | None, place: Location) -> LogEvent:
    def get(*names: str) -> str | None:
        for name in names:
            value = fields.get(name, fields.get(name.replace(".", "_")))
            if value is not None and str(value) not in _NONE:
                return str(value)
        return None

    exe = get("proc.exepath", "exepath", "proc_exepath")
    flags = f"{get('evt.arg.flags', 'exe_flags', 'evt.arg.exe_flags') or ''}"
    memfd = "EXE_FROM_MEMFD" in flags or get("proc.is_exe_from_memfd") in ("true", "True")
    if memfd and not (exe or "").startswith(("memfd:", "/memfd:")):
        exe = f"memfd:{get('proc.name', 'process') or ''}"
    known = rule in _RULES or _TAGS.search(tags) is not None
    kind = get("evt.type") or ""
    return LogEvent(
        location=place,
        source="falco",
        action="inject" if kind in ("ptrace", "process_vm_writev") else "execute",
        time=time or time_text(get("evt.time", "evt.rawtime")),
        pid=_number(get("proc.pid", "pid")),
        ppid=_number(get("proc.ppid")),
        uid=_number(get("user.uid", "user_uid")),
        comm=get("proc.name", "process"),
        exe=None if exe is None else kernel_path(exe),
        command=get("proc.cmdline", "command", "cmdline"),
        cwd=get("proc.cwd"),
        parent=get("proc.pname", "parent"),
        container=None if get("container.id") in (None, "host") else get("container.id"),
        rule=rule if known else None,
        facts=(("flags", flags),) if flags else (),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 12 else None
