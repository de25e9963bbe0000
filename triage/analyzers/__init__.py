"""All indicators and attestations, in the order of the catalogue.

To add an indicator: one file with its documentation on top, and its name in the tuple of its
folder. To add a kind of artifact: one folder, and its line here. A folder is loaded when a
snapshot holds something that it inspects: a look at a live Linux box loads nothing about Windows.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import TYPE_CHECKING, Any

from triage.analyzers.benign import BENIGN
from triage.analyzers.indicator import Attestation, Indicator

if TYPE_CHECKING:
    INDICATORS: tuple[Indicator, ...]
    ATTESTATIONS: tuple[Attestation, ...]

# folder -> the kinds of artifact that its indicators inspect, by the names of their classes
FOLDERS: dict[str, frozenset[str]] = {
    "process": frozenset({"Process"}),
    "memory": frozenset({"Process"}),
    "script": frozenset({"Process"}),
    "file": frozenset({"MemoryFile"}),
    "ipc": frozenset({"IpcObject", "MemoryFile", "Process"}),
    "command_line": frozenset({"Process"}),
    "environment": frozenset({"Process"}),
    "hiding": frozenset({"HiddenThing", "Mount", "Process"}),
    "wmi": frozenset({"WmiObject", "WmiProvider", "WmiRecovery", "WmiSubscription"}),
    "registry": frozenset({"AutostartItem", "RegistryKey", "RegistryValue"}),
    "persistence": frozenset({"PersistenceItem"}),
    "execution": frozenset({"CoreDump", "LogEvent", "LoginLog"}),
    "image": frozenset({"MemoryFile"}),
    "carved": frozenset({"CarvedContent"}),
    "code": frozenset({"CodeLook"}),
    "event": frozenset({"EventLog", "EventRecord"}),
}


def indicators_for(kinds: Collection[str]) -> tuple[Indicator, ...]:
    """The indicators that inspect any of these kinds of artifact (names of classes)."""
    wanted = [folder for folder, inspected in FOLDERS.items() if not inspected.isdisjoint(kinds)]
    return tuple(
        indicator
        for folder in wanted
        for indicator in import_module(f"triage.analyzers.{folder}").INDICATORS
        if indicator.inspects.__name__ in kinds
    )


def attestations_for(kinds: Collection[str]) -> tuple[Attestation, ...]:
    """The benign explanations of any of these kinds of artifact."""
    return tuple(
        getattr(import_module(f"triage.analyzers.benign.{module}"), name)
        for module, name, kind in BENIGN
        if kind in kinds
    )


def __getattr__(name: str) -> Any:
    """``INDICATORS`` and ``ATTESTATIONS``: all of them, loaded when somebody asks."""
    if name == "INDICATORS":
        return indicators_for(frozenset().union(*FOLDERS.values()))
    if name == "ATTESTATIONS":
        return attestations_for({kind for _, _, kind in BENIGN})
    raise AttributeError(name)


__all__ = [
    "ATTESTATIONS",
    "INDICATORS",
    "Attestation",
    "Indicator",
    "attestations_for",
    "indicators_for",
]
