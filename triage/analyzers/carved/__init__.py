"""Indicators about what was carved from raw bytes."""

from __future__ import annotations

from triage.analyzers.carved import carved_payload
from triage.analyzers.indicator import Indicator

INDICATORS: tuple[Indicator, ...] = (carved_payload.INDICATOR,)
