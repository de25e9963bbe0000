"""Checked benign explanations: they lower findings and never remove them."""

from __future__ import annotations

# (file, name in it, the kind of artifact that it speaks about), each loaded when it is wanted
BENIGN: tuple[tuple[str, str, str], ...] = (
    ("sealed_clone", "PROCESS", "Process"),
    ("sealed_clone", "FILE", "MemoryFile"),
    ("jit_runtime", "ATTESTATION", "Process"),
    ("unpacked_native_library", "ATTESTATION", "Process"),
    ("known_subscription", "ATTESTATION", "WmiSubscription"),
    ("logged_clone", "ATTESTATION", "LogEvent"),
    ("known_script", "ATTESTATION", "EventRecord"),
)
