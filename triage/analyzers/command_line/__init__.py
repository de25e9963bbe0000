"""Indicators about what a process's command line tells it to run, and what it carries."""

from __future__ import annotations

from triage.analyzers.command_line import command_line_execution, command_line_payload
from triage.analyzers.indicator import Indicator

INDICATORS: tuple[Indicator, ...] = (
    command_line_execution.INDICATOR,
    command_line_payload.INDICATOR,
)
