"""Indicators about what an interpreter or the loader runs."""

from __future__ import annotations

from triage.analyzers.indicator import Indicator
from triage.analyzers.script import (
    loader_indirect,
    script_descriptor,
    script_fed,
    script_gone,
    script_in_volatile,
    script_memfd,
)

INDICATORS: tuple[Indicator, ...] = (
    script_memfd.INDICATOR,
    script_descriptor.INDICATOR,
    script_in_volatile.INDICATOR,
    script_gone.INDICATOR,
    script_fed.INDICATOR,
    loader_indirect.INDICATOR,
)
