"""Indicators about the executable of a process."""

from __future__ import annotations

from triage.analyzers.indicator import Indicator
from triage.analyzers.process import (
    exe_deleted,
    exe_deleted_volatile,
    exe_in_dev,
    exe_in_run,
    exe_in_shm,
    exe_memfd,
    exe_memfd_masquerade,
    exe_memfd_unnamed,
    exe_noexec_bypass,
    exe_not_mapped,
    exe_on_fuse,
    exe_on_memory_fs,
    exe_path_unknown,
    exe_readonly_root,
    exe_replaced,
    exe_swapped,
    process_floods,
    tracee_fileless_execution,
)

INDICATORS: tuple[Indicator, ...] = (
    exe_memfd.INDICATOR,
    exe_memfd_unnamed.INDICATOR,
    exe_memfd_masquerade.INDICATOR,
    exe_in_shm.INDICATOR,
    exe_in_run.INDICATOR,
    exe_on_memory_fs.INDICATOR,
    exe_on_fuse.INDICATOR,
    exe_in_dev.INDICATOR,
    exe_deleted.INDICATOR,
    exe_deleted_volatile.INDICATOR,
    exe_replaced.INDICATOR,
    exe_swapped.INDICATOR,
    exe_noexec_bypass.INDICATOR,
    exe_readonly_root.INDICATOR,
    exe_not_mapped.INDICATOR,
    exe_path_unknown.INDICATOR,
    process_floods.INDICATOR,
    tracee_fileless_execution.INDICATOR,
)
