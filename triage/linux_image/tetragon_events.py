"""An event of Tetragon (JSON export) -> what was executed.

https://tetragon.io/docs/reference/grpc-api/ : ``process_exec`` holds ``process`` and ``parent``;
``binary_properties.file.inode.links`` is there where the executed file had no name any more.
"""

from __future__ import annotations

from triage.linux_image.untrusted_json import Json, mapping, time_text
from triage.model import Location
from triage.model.linux_image import LogEvent
from triage.predicates.executions import kernel_path

_KINDS = ("process_exec", "process_exit", "process_kprobe", "process_tracepoint", "process_loader",
          "process_uprobe", "process_lsm", "process_throttle")  # fmt: skip
_DELETED = " (deleted)"


def is_tetragon(record: Json) -> bool:
    """Whether a JSON object is one of its events."""
    return any(isinstance(record.get(kind), dict) for kind in _KINDS)


def log_event(record: Json, place: Location) -> LogEvent | None:
    """What was executed; ``None`` for its other events: an execution is told once."""
    told = mapping(record.get("process_exec"))
    process, parent = mapping(told.get("process")), mapping(told.get("parent"))
    binary = process.get("binary")
    if not isinstance(binary, str) or not binary:
        return None
    words = process.get("arguments")
    command = f"{binary} {words}" if isinstance(words, str) and words else binary
    above = parent.get("binary")
    return LogEvent(
        location=place,
        source="tetragon",
        action="execute",
        time=time_text(process.get("start_time") or record.get("time")),
        pid=_number(process.get("pid")),
        ppid=_number(parent.get("pid")),
        uid=_number(process.get("uid")),
        comm=binary.rpartition("/")[2] or None,
        exe=kernel_path(binary + _DELETED if _is_nameless(process) else binary),
        command=command,
        cwd=_text(process.get("cwd")),
        parent=_text(above),
        container=_text(process.get("docker")),
    )


def _is_nameless(process: Json) -> bool:
    """Whether the executed inode had no link: a memory file, or one that was deleted."""
    file = mapping(mapping(process.get("binary_properties")).get("file"))
    inode = mapping(file.get("inode"))
    return "number" in inode and str(inode.get("links", 0)) == "0"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
