"""The records of one audit event -> what was done, as a LogEvent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from triage.model import Location
from triage.model.linux_image import LogEvent
from triage.parsers.audit import Record, arguments_of, call_of, title_of
from triage.parsers.procfs import number
from triage.predicates.executions import kernel_path

_NOEXEC_SEAL = 8  # MFD_NOEXEC_SEAL, include/uapi/linux/memfd.h
_POKES = frozenset({4, 5, 6, 13, 15})  # PTRACE_POKE*, SETREGS, SETFPREGS: sys/ptrace.h
_ACTIONS = {
    "execve": "execute", "execveat": "execute", "memfd_create": "create-memfd",
    "ptrace": "inject", "process_vm_writev": "inject", "finit_module": "load",
    "init_module": "load",
}  # fmt: skip


def time_of(seconds: int, millis: int = 0) -> str | None:
    """Seconds since the epoch in RFC 3339; ``None`` for what no clock shows."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{millis:03d}Z" if millis else "Z")


def log_events(records: Sequence[Record], path: str, source: str = "auditd") -> Iterator[LogEvent]:
    """One event for the system call, one for each command that sudo recorded."""
    calls = [record for record in records if record.type == "SYSCALL"]
    for record in records:
        if record.type == "USER_CMD" and record.fields.get("cmd"):
            yield _sudo(record, path, source)
    if calls or any(record.type in ("EXECVE", "PROCTITLE") for record in records):
        yield _call(records, calls[0] if calls else None, path, source)
    elif any(record.type in ("AVC", "ANOM_ABEND") for record in records):
        yield _denied(records, path, source)


def _call(records: Sequence[Record], call: Record | None, path: str, source: str) -> LogEvent:
    first = call or records[0]
    fields = {} if call is None else call.fields
    name = "execve" if call is None else call_of(call)
    action = _ACTIONS.get(name, "message")
    words = arguments_of(records) or title_of(records)
    if action == "message" and any(record.type == "EXECVE" for record in records):
        action = "execute"
    exe = fields.get("exe")
    failed = fields.get("success") == "no"
    return LogEvent(
        location=_place(path, first),
        source=source,
        action=_refined(action, fields),
        time=time_of(first.seconds, first.millis),
        pid=_id(fields.get("pid")),
        ppid=_id(fields.get("ppid")),
        uid=_id(fields.get("euid") or fields.get("uid")),
        comm=fields.get("comm"),
        exe=None if not exe else kernel_path(exe),
        cmdline=words,
        cwd=next((r.fields.get("cwd") for r in records if r.type == "CWD"), None),
        paths=tuple(
            dict.fromkeys(
                r.fields["name"] for r in records if r.type == "PATH" and r.fields.get("name")
            )
        )[:16],
        facts=tuple(_facts(name, fields, records, failed)),
    )


def _refined(action: str, fields: object) -> str:
    """Calls that did nothing of the kind are only messages."""
    get = getattr(fields, "get")  # noqa: B009
    if action == "create-memfd":
        flags = number((get("a1") or "").encode(), 16)
        return "message" if flags is not None and flags & _NOEXEC_SEAL else action
    if action == "inject" and get("syscall") in ("101", "117", "26", "ptrace"):
        request = number((get("a0") or "").encode(), 16)
        return action if request in _POKES else "message"
    return action


def _facts(
    name: str, fields: object, records: Sequence[Record], failed: bool
) -> Iterator[tuple[str, str]]:
    get = getattr(fields, "get")  # noqa: B009
    yield "system call", name
    if failed:
        yield "failed", get("exit") or "yes"
    if name == "memfd_create" and get("a1"):
        yield "flags", get("a1")
    for key in ("auid", "ses", "tty", "key"):
        value = get(key)
        if value and value not in ("4294967295", "(none)", "(null)"):
            yield key, value
    inode = next((r for r in records if r.type == "PATH" and r.fields.get("item") == "0"), None)
    if inode is not None and inode.fields.get("dev"):
        yield "device", inode.fields["dev"]


def _sudo(record: Record, path: str, source: str) -> LogEvent:
    fields = record.fields
    return LogEvent(
        location=_place(path, record),
        source=source,
        action="execute",
        time=time_of(record.seconds, record.millis),
        pid=_id(fields.get("pid")),
        uid=_id(fields.get("uid")),
        command=fields.get("cmd"),
        cwd=fields.get("cwd"),
        first_hand=False,
        parent=fields.get("exe"),
    )


def _denied(records: Sequence[Record], path: str, source: str) -> LogEvent:
    record = records[0]
    fields = record.fields
    target = fields.get("path") or fields.get("name") or ""
    exe = fields.get("exe")
    code = {"execute", "execute_no_trans", "execmod", "entrypoint"}
    wanted = code & set(fields.get("permissions", "").split())
    return LogEvent(
        location=_place(path, record),
        source=source,
        action="load" if wanted else "message",
        time=time_of(record.seconds, record.millis),
        pid=_id(fields.get("pid")),
        uid=_id(fields.get("uid")),
        comm=fields.get("comm"),
        exe=None if not exe else kernel_path(exe),
        paths=(kernel_path(target),) if target else (),
        facts=(("record", record.type),),
    )


def _place(path: str, record: Record) -> Location:
    return Location(path, f"event {record.serial} at {record.seconds}.{record.millis:03d}")


def _id(text: str | None) -> int | None:
    return number(text.encode()) if text and text.isdecimal() and len(text) < 16 else None
