"""The collectors, in the order they run: later ones may use what earlier ones found.

Each is a module with a ``NAME`` and ``collect(scope)``, a generator of artifacts and gaps
that returns how many items it examined (with words, if it likes), or raises ``NotHere`` before the
first. A module is loaded when its turn comes, and only where it can see anything.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from importlib import import_module

from triage.model import Artifact, Gap
from triage.scope import NotHere, Scope, Tally

Collect = Callable[[Scope], Generator["Artifact | Gap", None, int | Tally]]

# (name, module, what it asks: a running kernel, an image that does not run, either, an option)
MODULES: tuple[tuple[str, str, str], ...] = (
    ("processes", "processes", "either"),
    ("process-code", "process_code", "kernel"),
    ("threads", "threads", "kernel"),
    ("mounts", "mounts", "either"),
    ("memory-files", "memory_files", "either"),
    ("held-files", "held_files", "either"),
    ("overlays", "overlays", "kernel"),
    ("hidden", "hidden", "kernel"),
    ("under-mounts", "under_mounts", "kernel"),
    ("shared-memory", "shared_memory", "kernel"),
    ("message-queues", "message_queues", "kernel"),
    ("keyrings", "keyrings", "kernel"),
    ("unix-sockets", "unix_sockets", "kernel"),
    ("pipes", "pipes", "kernel"),
    ("hidden-descriptors", "hidden_descriptors", "kernel"),
    ("bpf", "bpf_objects", "kernel"),
    ("block-devices", "block_devices", "kernel"),
    ("attributes", "attributes", "either"),
    ("covered-files", "covered_files", "image"),
    ("persistence", "persistence", "image or --persistence"),
    ("core-dumps", "core_dumps", "image"),
    ("execution-logs", "execution_logs", "image"),
    ("logins", "logins", "image"),
    ("uac-listings", "uac_collection", "image"),
    ("carved-files", "carved_files", "--carve-from"),
    ("wmi-repository", "wmi_repository", "image"),
    ("startup-files", "startup_files", "image"),
    ("registry", "registry_hives", "image"),
    ("event-logs", "event_logs", "image"),
)


def _collect(module: str, asks: str, scope: Scope) -> Generator[Artifact | Gap, None, int | Tally]:
    if asks == "kernel" and not scope.live:
        raise NotHere("no running kernel to ask")
    if asks == "image" and scope.live:
        raise NotHere("a running system: this is for images")
    if asks == "image or --persistence" and scope.live and not scope.limits.persistence:
        raise NotHere("not looked at on a running system without --persistence")
    if asks == "--carve-from" and not scope.limits.carve_from:
        raise NotHere("no --carve-from: no swap area was looked into")
    run: Collect = import_module(f"triage.collectors.{module}").collect
    return (yield from run(scope))


COLLECTORS: tuple[tuple[str, Collect], ...] = tuple(
    (name, partial(_collect, module, asks)) for name, module, asks in MODULES
)
