"""An alert as a line, as a line of JSON, and as a message to the journal or to syslog."""

from __future__ import annotations

import os
import socket
import struct
from typing import Any

from triage.model import Severity
from triage.printable import printable
from triage.report.json_report import clean, dumps, subject_shape
from triage.watch.judging import Alert

SCHEMA = "triage-alert/1"
_WIDTH = 200
# syslog(3): the severities, and the facility LOG_AUTHPRIV
_PRIORITY = {
    Severity.CRITICAL: 2, Severity.HIGH: 3, Severity.MEDIUM: 4, Severity.LOW: 5, Severity.INFO: 6,
}  # fmt: skip
_AUTHPRIV = 10
_JOURNAL, _SYSLOG = "/run/systemd/journal/socket", "/dev/log"


def line(alert: Alert, kept: str | None) -> str:
    """One line for people: when, how bad, who, what, started by whom."""
    process, parent = alert.process, alert.parent
    who = f"pid {process.pid} {process.exe or '?'}"
    by = "" if parent is None else f", started by {parent.comm or '?'} (pid {parent.pid})"
    uid = "" if process.uids is None or len(process.uids) < 2 else f", uid {process.uids[1]}"
    title = "; ".join(dict.fromkeys(f.title for s in alert.subjects for f in s.findings[:2]))
    text = f"{who}{uid}{by}: {title}"
    where = "" if kept is None else f" [kept: {kept}]"
    head = f"{alert.time} {alert.severity.value.upper():8} {alert.worst.score:3}"
    return f"{head} {printable(text, limit=_WIDTH)}{printable(where)}"


def as_json(alert: Alert, kept: str | None) -> str:
    """The same as one line of JSON, with the subjects in the report's own shapes."""
    process, parent = alert.process, alert.parent
    content = None if alert.payload is None else alert.payload.content
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "event": "alert",
        "time": alert.time,
        "severity": alert.severity.value,
        "score": alert.worst.score,
        "pid": process.pid,
        "ppid": process.ppid,
        "comm": process.comm,
        "exe": process.exe,
        "cmdline": None if process.cmdline is None else list(process.cmdline),
        "uid": None if process.uids is None else process.uids[0],
        "parent": None if parent is None else {
            "pid": parent.pid, "comm": parent.comm, "exe": parent.exe,
        },
        "indicators": sorted({f.indicator for s in alert.subjects for f in s.findings}),
        "techniques": sorted({t for s in alert.subjects for f in s.findings for t in f.techniques}),
        "sha256": None if content is None else content.sha256,
        "caught_by": alert.reason,
        "kept": kept,
        "subjects": [subject_shape(subject) for subject in alert.subjects],
    }  # fmt: skip
    return dumps(clean(value))


def event_json(event: str, **values: Any) -> str:
    """A line of JSON that is no alert: events lost, the end of the watch."""
    return dumps(clean({"schema": SCHEMA, "event": event, **values}))


class Journal:
    """Messages to systemd's journal in its native protocol."""

    def __init__(self, path: str = _JOURNAL) -> None:
        """Raises :class:`OSError` where there is no journal."""
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.connect(path)

    def send(self, alert: Alert, kept: str | None) -> None:
        process = alert.process
        fields = {
            "MESSAGE": line(alert, kept),
            "PRIORITY": str(_PRIORITY[alert.severity]),
            "SYSLOG_IDENTIFIER": "triage",
            "TRIAGE_SEVERITY": alert.severity.value,
            "TRIAGE_PID": str(process.pid),
            "TRIAGE_EXE": process.exe or "",
            "TRIAGE_ALERT": as_json(alert, kept),
        }
        self._socket.send(b"".join(_field(name, value) for name, value in fields.items()))


def _field(name: str, value: str) -> bytes:
    """A field by length, so that no value can forge another (systemd's native protocol)."""
    data = value.encode("utf-8", "replace")[:60_000]
    return name.encode("ascii") + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"


class Syslog:
    """Messages to the local syslog socket (RFC 3164's form, which every daemon reads)."""

    def __init__(self, path: str = _SYSLOG) -> None:
        """Raises :class:`OSError` where nobody listens."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.connect(path)

    def send(self, alert: Alert, kept: str | None) -> None:
        priority = _AUTHPRIV << 3 | _PRIORITY[alert.severity]
        text = f"<{priority}>triage[{os.getpid()}]: {line(alert, kept)}"
        self._socket.send(text.encode("utf-8", "replace")[:8000])
