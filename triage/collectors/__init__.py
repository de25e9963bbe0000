"""The collectors, in the order they run: later ones may use what earlier ones found.

Each is a module with a ``NAME`` and ``collect(scope)``, a generator of artifacts and gaps
that returns how many items it examined (with words, if it likes), or raises ``NotHere`` before the
first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from triage.collectors import (
    attributes,
    block_devices,
    bpf_objects,
    core_dumps,
    covered_files,
    event_logs,
    execution_logs,
    held_files,
    hidden,
    keyrings,
    memory_files,
    message_queues,
    mounts,
    persistence,
    processes,
    registry_hives,
    shared_memory,
    uac_collection,
    under_mounts,
    unix_sockets,
    wmi_repository,
)
from triage.model import Artifact, Gap
from triage.scope import Scope, Tally

Collect = Callable[[Scope], Generator["Artifact | Gap", None, int | Tally]]

COLLECTORS: tuple[tuple[str, Collect], ...] = (
    (processes.NAME, processes.collect),
    (mounts.NAME, mounts.collect),
    (memory_files.NAME, memory_files.collect),
    (held_files.NAME, held_files.collect),
    (hidden.NAME, hidden.collect),
    (under_mounts.NAME, under_mounts.collect),
    (shared_memory.NAME, shared_memory.collect),
    (message_queues.NAME, message_queues.collect),
    (keyrings.NAME, keyrings.collect),
    (unix_sockets.NAME, unix_sockets.collect),
    (bpf_objects.NAME, bpf_objects.collect),
    (block_devices.NAME, block_devices.collect),
    (attributes.NAME, attributes.collect),
    (covered_files.NAME, covered_files.collect),
    (persistence.NAME, persistence.collect),
    (core_dumps.NAME, core_dumps.collect),
    (execution_logs.NAME, execution_logs.collect),
    (uac_collection.NAME, uac_collection.collect),
    (wmi_repository.NAME, wmi_repository.collect),
    (registry_hives.NAME, registry_hives.collect),
    (event_logs.NAME, event_logs.collect),
)
