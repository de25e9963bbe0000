"""Indicators about the environment variables of a process."""

from __future__ import annotations

from triage.analyzers.environment import (
    environment_antiforensic,
    environment_command,
    environment_opaque,
    environment_payload,
    environment_split_payload,
    environment_startup,
)
from triage.analyzers.indicator import Indicator

INDICATORS: tuple[Indicator, ...] = (
    environment_payload.INDICATOR,
    environment_command.INDICATOR,
    environment_split_payload.INDICATOR,
    environment_opaque.INDICATOR,
    environment_antiforensic.INDICATOR,
    environment_startup.INDICATOR,
)
