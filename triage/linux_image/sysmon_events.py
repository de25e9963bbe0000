"""An event of Sysmon for Linux -> what was done. Event numbers as in its manifest."""

from __future__ import annotations

import re

from triage.model import Location
from triage.model.linux_image import LogEvent
from triage.parsers.sysmon import SysmonEvent
from triage.predicates.executions import kernel_path

_EXECUTION, _ACCESS = 1, 10
_EMPTY = ("-", "", "(null)")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)")


def log_event(event: SysmonEvent, place: Location) -> LogEvent | None:
    """``None`` for numbers that tell of no execution and no access to another process."""
    data = {name: value for name, value in event.data.items() if value not in _EMPTY}
    actions = {_EXECUTION: "execute", _ACCESS: "inject"}
    action = actions.get(event.number)
    if action is None:
        return None
    image = data.get("Image") or data.get("SourceImage")
    return LogEvent(
        location=place,
        source="sysmon",
        action=action,
        time=_utc(data.get("UtcTime") or event.time),
        pid=_number(data.get("ProcessId") or data.get("SourceProcessId")),
        ppid=_number(data.get("ParentProcessId")),
        exe=None if image is None else kernel_path(image),
        command=data.get("CommandLine"),
        cwd=data.get("CurrentDirectory"),
        parent=data.get("ParentImage"),
        facts=tuple(
            (n, data[n]) for n in ("User", "ParentCommandLine", "TargetImage") if n in data
        ),
    )


def _utc(text: str | None) -> str | None:
    match = _TIME.match(text or "")
    return None if match is None else f"{match[1]}T{match[2]}Z"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None
