"""Indicators about what a system starts by itself, as a dead disk shows it."""

from __future__ import annotations

from triage.analyzers.indicator import Indicator
from triage.analyzers.persistence import (
    image_executable_tmpfs,
    persistence_decode_execute,
    persistence_download_execute,
    persistence_hides_process,
    persistence_memfd,
    persistence_network_shell,
    persistence_payload,
    persistence_preload,
    persistence_stored_code,
    persistence_volatile_target,
)

INDICATORS: tuple[Indicator, ...] = (
    image_executable_tmpfs.INDICATOR,
    persistence_decode_execute.INDICATOR,
    persistence_download_execute.INDICATOR,
    persistence_hides_process.INDICATOR,
    persistence_memfd.INDICATOR,
    persistence_network_shell.INDICATOR,
    persistence_payload.INDICATOR,
    persistence_preload.INDICATOR,
    persistence_stored_code.INDICATOR,
    persistence_volatile_target.INDICATOR,
)
