"""Deterministic identifiers (UUID version 5, RFC 9562): the same evidence gives the same ones."""

from __future__ import annotations

import hashlib
from uuid import UUID

from triage.model import Report

#: The name space of all identifiers that triage makes up.
TRIAGE = UUID("6f0b5a8e-7f0c-5d0e-9a53-2a0c3c3d9b17")


def named(*parts: str, space: UUID = TRIAGE) -> str:
    """The UUID of a name that has parts. Of any text: lone surrogates are bytes of evidence."""
    name = "\0".join(parts).encode("utf-8", "surrogatepass")
    digest = hashlib.sha1(space.bytes + name, usedforsecurity=False).digest()
    return str(UUID(bytes=digest[:16], version=5))


def run_of(report: Report) -> str:
    """What tells one collection on one box from every other."""
    host = report.host
    parts = (host.hostname, host.boot_id, report.root_kind, report.root_path, report.collected_at)
    return named("run", *("" if part is None else part for part in parts))
