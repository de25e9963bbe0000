"""Checked benign explanations: they lower findings and never remove them."""

from __future__ import annotations

from triage.analyzers.benign import (
    jit_runtime,
    known_subscription,
    logged_clone,
    sealed_clone,
    unpacked_native_library,
)
from triage.analyzers.indicator import Attestation

ATTESTATIONS: tuple[Attestation, ...] = (
    sealed_clone.PROCESS,
    sealed_clone.FILE,
    jit_runtime.ATTESTATION,
    unpacked_native_library.ATTESTATION,
    known_subscription.ATTESTATION,
    logged_clone.ATTESTATION,
)
