"""Indicators about what hides: processes, names, titles, and mounts over things."""

from __future__ import annotations

from triage.analyzers.hiding import (
    daemon_title,
    hidden_name,
    hidden_process,
    kernel_thread_name,
    mount_over_file,
    mount_over_process,
    namespace_apart,
    pid_mismatch,
)
from triage.analyzers.indicator import Indicator

INDICATORS: tuple[Indicator, ...] = (
    hidden_process.INDICATOR,
    hidden_name.INDICATOR,
    pid_mismatch.INDICATOR,
    mount_over_process.INDICATOR,
    mount_over_file.INDICATOR,
    namespace_apart.INDICATOR,
    kernel_thread_name.INDICATOR,
    daemon_title.INDICATOR,
)
