"""A record of a container runtime that ran its clone of itself.

runc and its kin copy their own binary into a sealed memfd before they enter a container, and run it
from there: each start of a container leaves such a record. A record shows no seals and no bytes.
What it shows must agree: the name of the memfd, and with it the arguments that the runtime gives
its clone, the name of its threads, or a parent that is a container runtime.

References: https://github.com/opencontainers/runc (libcontainer/nsenter/cloned_binary.c),
https://github.com/falcosecurity/rules (memfd_create and runc)
"""

from __future__ import annotations

from triage.analyzers.indicator import Attestation
from triage.model import Benign
from triage.model.linux_image import LogEvent
from triage.predicates.logged import clone_of
from triage.scene import Scene


def check(event: LogEvent, scene: Scene) -> Benign | None:
    return clone_of(event)


_COVERED = (
    "logged-exe-memfd", "logged-descriptor", "logged-exe-deleted", "logged-foreign-alert",
    "logged-memfd-created",
)  # fmt: skip

ATTESTATION = Attestation(
    id="logged-clone",
    covers=frozenset(_COVERED),
    inspects=LogEvent,
    check=check,
    doc=__doc__,
)
