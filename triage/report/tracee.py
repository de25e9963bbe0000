"""What Tracee's signature TRC-105 (``fileless_execution``) would have said, one object a line.

Only processes whose executable's path matches its predicate: nothing found gives no lines. Each
object is Tracee's current event (``timestamp`` to ``detected_from``: api/v1beta1/event_json.go,
numbers of 64 bits as text, times RFC 3339) and, in the same object, the ``SigMetadata`` and
``Context`` of the older tracee-rules finding (types/detect), so that a consumer of either finds its
own. ``id`` is 0: Tracee gives detectors their numbers when it starts, consumers go by ``name``.
What triage thinks of it, an attested explanation included, is in the properties ``x_triage_*``.
"""

from __future__ import annotations

import re

from triage.model import Report, Subject
from triage.report import order, times
from triage.report.values import Facts, json_line, known, text
from triage.subjects import trc105

Object = dict[str, object]
_EVENT = "fileless_execution"
_NAME = "Fileless execution detected"
_DESCRIPTION = (
    "A program was started from memory (memfd or shared memory), not from a file on disk."
)
_SOURCE = "sched_process_exec"
_SOURCE_ID = 1015  # api/v1beta1/event.proto, with its name the stable one of the two
_HIGH = 3  # api/v1beta1/threat.proto
_DEVICE = re.compile(r"(\d{1,4}):(\d{1,7})", re.ASCII)
_U32 = range(1 << 32)


def render(report: Report) -> str:
    """The lines, in the report's order; no text at all when TRC-105 matches nothing."""
    return "".join(
        json_line(_detection(subject, report))
        for subject in order.subjects(report.subjects)
        if subject.kind == "process" and trc105(Facts(subject).exact("exe"))
    )


def _detection(subject: Subject, report: Report) -> Object:
    facts = Facts(subject)
    moment = next((at for name, at in times.of(subject) if name == "start_time"), None)
    when = times.window(report)[1] if moment is None else moment
    data = _data(facts)
    return {
        "timestamp": times.rfc3339(when),
        "id": 0,
        "name": _EVENT,
        "workload": {"process": _process(facts, moment is not None and times.rfc3339(when))},
        "threat": {
            "description": _DESCRIPTION,
            "mitre": {
                "tactic": {"name": "Defense Evasion"},
                "technique": {"id": "T1620", "name": "Reflective Code Loading"},
            },
            "severity": _HIGH,
            "name": _NAME,
            "properties": _properties(subject, report),
        },
        "detected_from": {"id": _SOURCE_ID, "name": _SOURCE, "data": data},
        "Context": _context(facts, report, when.timestamp()),
        "SigMetadata": _signature(),
    }


def _properties(subject: Subject, report: Report) -> dict[str, str]:
    benign = subject.benign
    given = {
        "Category": "defense-evasion",
        "signatureID": "TRC-105",
        "x_triage_subject": text(subject.id, 200),
        "x_triage_score": str(subject.score),
        "x_triage_severity": subject.severity.value,
        "x_triage_host": text(report.host.hostname or "", 255),
    }
    if benign is not None:
        given["x_triage_benign"] = text(f"{benign.reason} ({benign.source})")
    return given


def _pathname(facts: Facts) -> str:
    """As the kernel's dentry has it: a memfd without a slash, nothing about deletion."""
    plain = (facts.text("exe") or "").removesuffix(" (deleted)")
    return plain[1:] if plain.startswith("/memfd:") else plain


def _process(facts: Facts, start: str | bool) -> Object:
    pid, uid = _u32(facts.number("pid")), _u32(facts.number("uid"))
    return known(
        {
            "executable": {"path": _pathname(facts)},
            "host_pid": pid,
            "pid": pid,
            "real_user": None if uid is None else {"id": uid},
            "thread": known(
                {"start_time": start or None, "name": facts.text("comm"), "host_tid": pid,
                 "tid": pid, "syscall": "execve"}
            ),
        }
    )  # fmt: skip


def _u32(value: int | None) -> int | None:
    return value if value is not None and value in _U32 else None


def _device(text_of: str | None) -> int | None:
    """``major:minor`` as the kernel's dev_t has it: 12 bits and 20 bits (linux/kdev_t.h)."""
    match = _DEVICE.fullmatch(text_of or "")
    return None if match is None else _u32(int(match[1]) << 20 | int(match[2]))


def _data(facts: Facts) -> list[Object]:
    """The fields of sched_process_exec that can be known after the fact, by their types."""
    device, inode = _device(facts.exact("exe_dev")), facts.number("exe_inode")
    rows: list[Object] = [{"name": "pathname", "str": _pathname(facts)}]
    if device is not None:
        rows.append({"name": "dev", "u_int32": device})
    if inode is not None:
        rows.append({"name": "inode", "u_int64": str(inode)})
    if facts.text("cwd") is not None:
        rows.append({"name": "pwd", "str": facts.text("cwd")})
    return rows


def _context(facts: Facts, report: Report, seconds: float) -> Object:
    """The event as tracee-rules passed it on (types/trace)."""
    arguments = [
        {"name": str(row["name"]), "type": _TYPES[kind], "value": row[kind]}
        for row in _data(facts)
        for kind in row
        if kind != "name"
    ]
    return known(
        {
            "timestamp": int(seconds) * 1_000_000_000,
            "processId": facts.number("pid"),
            "threadId": facts.number("pid"),
            "hostProcessId": facts.number("pid"),
            "parentProcessId": facts.number("ppid"),
            "userId": facts.number("uid"),
            "mountNamespace": facts.number("mnt_namespace"),
            "pidNamespace": facts.number("pid_namespace"),
            "processName": facts.text("comm"),
            "hostName": text(report.host.hostname or "", 255),
            "eventName": _SOURCE,
            "argsNum": len(arguments),
            "args": arguments,
        }
    )


_TYPES = {"str": "const char*", "u_int32": "dev_t", "u_int64": "unsigned long"}


def _signature() -> Object:
    """``types/detect.SignatureMetadata``; its EventName is ``event-name`` on the wire."""
    return {
        "ID": "TRC-105",
        "Version": "1",
        "Name": _NAME,
        "EventName": _EVENT,
        "event-name": _EVENT,
        "Description": _DESCRIPTION,
        "Tags": None,
        "Properties": {
            "Severity": _HIGH,
            "Category": "defense-evasion",
            "Technique": "Reflective Code Loading",
            "Kubernetes_Technique": "",
            "id": "attack-pattern--4933e63b-9b77-476e-ab29-761bc5b7d15a",
            "external_id": "T1620",
        },
    }
