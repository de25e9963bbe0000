"""Indicators about what a process's code does beyond its mappings."""

from __future__ import annotations

from triage.analyzers.code import covered_code, function_table, unbacked_thread, vdso_changed
from triage.analyzers.indicator import Indicator

INDICATORS: tuple[Indicator, ...] = (
    vdso_changed.INDICATOR,
    function_table.INDICATOR,
    covered_code.INDICATOR,
    unbacked_thread.INDICATOR,
)
