"""Indicators about what logs, dumps and other tools recorded."""

from __future__ import annotations

from triage.analyzers.execution import (
    core_dump_payload,
    core_dump_volatile,
    logged_command,
    logged_descriptor,
    logged_exe_deleted,
    logged_exe_memfd,
    logged_exe_volatile,
    logged_foreign_alert,
    logged_injection,
    logged_library,
    logged_memfd_created,
    logged_payload,
    logged_script_volatile,
    login_log_altered,
)
from triage.analyzers.indicator import Indicator

INDICATORS: tuple[Indicator, ...] = (
    core_dump_payload.INDICATOR,
    core_dump_volatile.INDICATOR,
    logged_command.INDICATOR,
    logged_descriptor.INDICATOR,
    logged_exe_deleted.INDICATOR,
    logged_exe_memfd.INDICATOR,
    logged_exe_volatile.INDICATOR,
    logged_foreign_alert.INDICATOR,
    logged_injection.INDICATOR,
    logged_library.INDICATOR,
    logged_memfd_created.INDICATOR,
    logged_payload.INDICATOR,
    logged_script_volatile.INDICATOR,
    login_log_altered.INDICATOR,
)
