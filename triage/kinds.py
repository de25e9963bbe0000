"""Every kind of record there is: what it is called where, and which module knows its words.

A kind is loaded when a snapshot holds one: a live Linux box, where every millisecond of the start
counts, never loads what is known of Windows, and an image never what is known of processes.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from triage.model import Artifact


class Kind(NamedTuple):
    """``record`` is its name in a snapshot, ``subject`` that in a report.

    ``name`` is the class, in the module ``model``; ``words`` the module that knows how a report
    calls it: ``identity_of``, ``name_of``, ``facts_of`` and ``content_of``, each of one artifact.
    """

    record: str
    subject: str
    name: str
    model: str
    words: str


_LIVE, _KERNEL = "triage.model", "triage.model.kernel_objects"
_LINUX, _WINDOWS = "triage.model.linux_image", "triage.model.windows"
_LOGINS = "triage.model.logins"

KINDS: tuple[Kind, ...] = (
    Kind("process", "process", "Process", _LIVE, ""),
    Kind("memory-file", "memory-file", "MemoryFile", _LIVE, ""),
    Kind("mount", "mount", "Mount", _LIVE, ""),
    Kind("ipc-object", "kernel-object", "IpcObject", _KERNEL, "triage.subjects.kernel"),
    Kind("hidden-thing", "hidden", "HiddenThing", _KERNEL, "triage.subjects.kernel"),
    Kind("code-look", "process-code", "CodeLook", "triage.model.code", "triage.subjects.code"),
    Kind("wmi-object", "wmi-object", "WmiObject", _WINDOWS, "triage.subjects.wmi"),
    Kind(
        "wmi-subscription", "wmi-subscription", "WmiSubscription", _WINDOWS, "triage.subjects.wmi"
    ),
    Kind("wmi-provider", "wmi-provider", "WmiProvider", _WINDOWS, "triage.subjects.wmi"),
    Kind("wmi-recovery", "wmi-recovery", "WmiRecovery", _WINDOWS, "triage.subjects.wmi"),
    Kind("registry-value", "registry_value", "RegistryValue", _WINDOWS, "triage.subjects.registry"),
    Kind("registry-key", "registry_key", "RegistryKey", _WINDOWS, "triage.subjects.registry"),
    Kind("autostart", "autostart", "AutostartItem", _WINDOWS, "triage.subjects.registry"),
    Kind("event-record", "event-record", "EventRecord", _WINDOWS, "triage.subjects.event"),
    Kind("event-log", "event-log", "EventLog", _WINDOWS, "triage.subjects.event"),
    Kind("persistence-item", "persistence", "PersistenceItem", _LINUX, "triage.subjects.linux"),
    Kind("log-event", "log-event", "LogEvent", _LINUX, "triage.subjects.linux"),
    Kind("core-dump", "core-dump", "CoreDump", _LINUX, "triage.subjects.linux"),
    Kind("carved-content", "carved", "CarvedContent", "triage.model.carved",
         "triage.subjects.carved"),
    Kind("login-log", "login-log", "LoginLog", _LOGINS, "triage.subjects.logins"),
    Kind("login-session", "login-session", "LoginSession", _LOGINS, "triage.subjects.logins"),
)  # fmt: skip
_BY_RECORD = {kind.record: kind for kind in KINDS}
_BY_NAME = {kind.name: kind for kind in KINDS}


def kind_of(artifact: Artifact) -> Kind:
    return _BY_NAME[type(artifact).__name__]


def words_of(artifact: Artifact) -> ModuleType | None:
    """The module that knows how a report calls this kind; ``None`` for those of a live box."""
    module = kind_of(artifact).words
    return import_module(module) if module else None


@cache
def class_of(record: str) -> type:
    """The class of a kind of record; raises KeyError for a name that none has."""
    kind = _BY_RECORD[record]
    found: type = getattr(import_module(kind.model), kind.name)
    return found
