"""All indicators and attestations, in the order of the catalogue.

To add an indicator: one file with its documentation on top, and its name in the tuple of its
folder. To add a kind: one folder, and its tuple here.
"""

from __future__ import annotations

from triage.analyzers import (
    environment,
    event,
    execution,
    file,
    hiding,
    image,
    ipc,
    memory,
    persistence,
    process,
    script,
    wmi,
)
from triage.analyzers.benign import ATTESTATIONS
from triage.analyzers.indicator import Attestation, Indicator

INDICATORS: tuple[Indicator, ...] = (
    *process.INDICATORS,
    *memory.INDICATORS,
    *script.INDICATORS,
    *file.INDICATORS,
    *ipc.INDICATORS,
    *environment.INDICATORS,
    *hiding.INDICATORS,
    *wmi.INDICATORS,
    *persistence.INDICATORS,
    *execution.INDICATORS,
    *image.INDICATORS,
    *event.INDICATORS,
)

__all__ = ["ATTESTATIONS", "INDICATORS", "Attestation", "Indicator"]
