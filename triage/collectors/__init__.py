"""The collectors, in the order they run: later ones may use what earlier ones found.

Each is a module with a ``NAME`` and ``collect(scope)``, a generator of artifacts and gaps
that returns how many items it examined, or raises ``NotHere`` before the first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from triage.collectors import held_files, memory_files, mounts, processes, wmi_repository
from triage.model import Artifact, Gap
from triage.scope import Scope

Collect = Callable[[Scope], Generator["Artifact | Gap", None, int]]

COLLECTORS: tuple[tuple[str, Collect], ...] = (
    (processes.NAME, processes.collect),
    (mounts.NAME, mounts.collect),
    (memory_files.NAME, memory_files.collect),
    (held_files.NAME, held_files.collect),
    (wmi_repository.NAME, wmi_repository.collect),
)
