"""Which event of which provider is read as what; the provider's name decides, not the channel."""

from __future__ import annotations

from collections.abc import Callable

from triage.events import powershell, security, sysmon, system, wmi_activity
from triage.events.facts import Fact
from triage.events.fields import Fields
from triage.events.watch import Watch

Witness = Callable[[Fields, Watch], "Fact | None"]

_SYSMON: dict[int, Witness] = {
    1: sysmon.process_start, 3: sysmon.connection, 7: sysmon.module_load, 8: sysmon.remote_thread,
    10: sysmon.process_access, 11: sysmon.file_write, 12: sysmon.registry, 13: sysmon.registry,
    14: sysmon.registry, 15: sysmon.stream_write, 17: sysmon.pipe, 18: sysmon.pipe,
    19: wmi_activity.sysmon_filter, 20: wmi_activity.sysmon_consumer,
    21: wmi_activity.sysmon_binding, 22: sysmon.dns, 25: sysmon.tampering,
}  # fmt: skip
_SECURITY: dict[int, Witness] = {
    1102: security.log_cleared, 4656: security.object_access, 4657: security.registry_value,
    4662: security.directory_access, 4663: security.object_access, 4688: security.process_start,
    4697: security.service, 4698: security.task, 4702: security.task,
}  # fmt: skip
_POWERSHELL: dict[int, Witness] = {4103: powershell.invocation, 4104: powershell.script_block}
_CLASSIC: dict[int, Witness] = {
    400: powershell.engine, 403: powershell.engine, 600: powershell.engine,
    800: powershell.pipeline,
}  # fmt: skip
_DEFENDER: dict[int, Witness] = {
    **dict.fromkeys((1006, 1007, 1008, 1015, 1116, 1117, 1118, 1119), system.detection),
    **dict.fromkeys((5001, 5007, 5010, 5012, 5013), system.defender_change),
}
_INTEGRITY: dict[int, Witness] = dict.fromkeys(
    (3001, 3002, 3003, 3004, 3023, 3033, 3034, 3063, 3076, 3077), system.blocked_code
)

_BY_PROVIDER: dict[str, dict[int, Witness]] = {
    "microsoft-windows-sysmon": _SYSMON,
    "microsoft-windows-security-auditing": _SECURITY,
    "microsoft-windows-eventlog": {1102: security.log_cleared, 104: system.log_cleared},
    "microsoft-windows-powershell": _POWERSHELL,
    "powershellcore": _POWERSHELL,
    "powershell": _CLASSIC,
    "microsoft-windows-wmi-activity": {
        5857: wmi_activity.provider, 5858: wmi_activity.failed, 5859: wmi_activity.query_started,
        5860: wmi_activity.query_started, 5861: wmi_activity.permanent,
    },
    "service control manager": {
        7031: system.service_state, 7034: system.service_state, 7036: system.service_state,
        7045: system.service,
    },
    "microsoft-windows-taskscheduler": dict.fromkeys((129, 200, 201), system.task_registered),
    "microsoft-windows-shell-core": {9707: system.run_key},
    "microsoft-windows-windows defender": _DEFENDER,
    "microsoft-windows-codeintegrity": _INTEGRITY,
    "microsoft-windows-applocker": dict.fromkeys(
        (8003, 8004, 8006, 8007, 8021, 8022, 8024, 8025), system.blocked_code
    ),
    ".net runtime": dict.fromkeys((1023, 1025, 1026), system.managed_crash),
    "application error": {1000: system.crash},
    "windows error reporting": {1001: system.crash_report},
    "microsoft-windows-application-experience": {500: system.shim, 505: system.shim},
    "msiinstaller": {1040: system.package},
    "microsoft-windows-bits-client": {
        3: system.transfer_command, 59: system.transfer, 60: system.transfer, 61: system.transfer,
        16403: system.transfer,
    },
}  # fmt: skip


#: Classic sources that have a witness: bytes in any record of theirs are searched, texts of those
#: whose texts no witness judges.
_BYTES = '"Binary":"'
_ALSO = {
    "powershell": _BYTES, "service control manager": _BYTES, ".net runtime": "",
    "application error": "", "windows error reporting": "", "msiinstaller": "",
}  # fmt: skip


def also_searched(provider: str | None) -> str | None:
    """What a record must hold to be searched for stored data although a witness reads it; ``None``
    for providers of which only the witness is asked.
    """
    low = (provider or "").lower()
    return "" if low.startswith("mssql") else _ALSO.get(low)


def witness_of(provider: str | None, event_id: int | None) -> Witness | None:
    """What reads an event of this provider; ``None`` for events that are only searched for data."""
    if provider is None or event_id is None:
        return None
    known = _BY_PROVIDER.get(provider.lower())
    if known is None and provider.lower().startswith("mssql") and event_id == 15457:
        return system.database_setting
    return None if known is None else known.get(event_id)
