"""Indicators about places on a dead disk that a running system covers or makes."""

from __future__ import annotations

from triage.analyzers.image import image_covered_file
from triage.analyzers.indicator import Indicator

INDICATORS: tuple[Indicator, ...] = (image_covered_file.INDICATOR,)
