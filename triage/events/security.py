"""Events of the security log: processes, registry, objects, services, tasks, a cleared log.

Source: Microsoft, "Advanced security auditing".
"""

from __future__ import annotations

from triage.events import access, registry_places
from triage.events.facts import Fact, actors, fields, text, traits
from triage.events.fields import Fields, as_number
from triage.events.images import has_role, name, user_place
from triage.events.processes import process_fact
from triage.events.services import service_fact
from triage.events.tasks import task_fact
from triage.events.watch import Watch

# Rights to a key: to ask for values; to set them, to make subkeys and links, to take it over.
# Source: Microsoft, "Registry Key Security and Access Rights".
_KEY_QUERY_VALUE = 0x1
_KEY_CHANGES = 0x2 | 0x4 | 0x20 | 0x40000 | 0x80000
_WMI_WRITES = 0x4 | 0x8 | 0x10


def process_start(data: Fields, watch: Watch) -> Fact | None:
    """Event 4688; the command line is only there where a policy asks for it."""
    return process_fact(
        watch,
        image=text(data, "NewProcessName") or "",
        command=text(data, "CommandLine") or "",
        parent=text(data, "ParentProcessName") or "",
        processes=actors(data, "", "NewProcessId"),
        parents=actors(data, "", "ProcessId"),
        user=text(data, "SubjectUserName"),
    )


def registry_value(data: Fields, watch: Watch) -> Fact | None:
    """Event 4657: old and new data of a value."""
    key, value = text(data, "ObjectName") or "", text(data, "ObjectValueName") or ""
    return registry_places.registry_fact(
        watch,
        key=f"{key}\\{value}",
        data=text(data, "NewValue") or "",
        kind=text(data, "OperationType") or "",
        image=text(data, "ProcessName") or "",
        processes=actors(data, "", "ProcessId"),
        user=text(data, "SubjectUserName"),
    )


def object_access(data: Fields, watch: Watch) -> Fact | None:
    """Events 4656 and 4663: a process opened with the rights of an injection, a key of the Registry
    that is written or read.
    """
    kind = (text(data, "ObjectType") or "").lower()
    if kind == "key":
        return _key_access(data)
    if kind != "process":
        return None
    mask = as_number(data.get("AccessMask")) or 0
    image, target = text(data, "ProcessName") or "", text(data, "ObjectName") or ""
    injects = access.asks_to_inject(mask)
    if access.ordinary(image, target) or not (injects or (user_place(image) and mask & 0x20)):
        return None
    found = traits(
        ("injection-rights", injects), ("writes", access.writes(mask)),
        ("reads", mask & access.VM_READ), ("lsass", name(target) == "lsass"),
    )  # fmt: skip
    shown = fields(("image", image), ("target", target), ("access", f"{mask:#x}"))
    actor = actors(data, "", "ProcessId")
    same = ("image", "target", "access")
    return Fact("process-access", shown, found, same, actor, user=text(data, "SubjectUserName"))


def _key_access(data: Fields) -> Fact | None:
    """A key that runs code or guards the system and is opened to be changed; any key that a script
    or a program from where users write opens. Only keys with an audit entry are told of.
    """
    key, image = text(data, "ObjectName") or "", text(data, "ProcessName") or ""
    mask = as_number(data.get("AccessMask")) or 0
    writes, reads = bool(mask & _KEY_CHANGES), bool(mask & _KEY_QUERY_VALUE)
    script = has_role(image, "shell", "script-host")
    place = writes and bool(registry_places.places_in(key))
    if not (place or ((writes or reads) and (script or user_place(image)))):
        return None
    found = traits(
        ("writes", writes), ("reads", reads), ("place", place), ("by-script", script),
        ("outside", user_place(image)),
    )  # fmt: skip
    shown = fields(("image", image), ("key", key), ("access", f"{mask:#x}"))
    actor = actors(data, "", "ProcessId")
    same = ("image", "key")
    return Fact("registry-access", shown, found, same, actor, user=text(data, "SubjectUserName"))


def directory_access(data: Fields, watch: Watch) -> Fact | None:
    """Event 4662 of the server WMI: somebody wrote into a namespace that is watched."""
    server = f"{text(data, 'ObjectServer') or ''} {text(data, 'ObjectType') or ''}".lower()
    mask = as_number(data.get("AccessMask")) or 0
    if "wmi" not in server or not mask & _WMI_WRITES:
        return None
    shown = fields(
        ("namespace", text(data, "ObjectName")), ("access", f"{mask:#x}"),
        ("operation", text(data, "AdditionalInfo")),
    )  # fmt: skip
    return Fact("wmi-write", shown, (), ("namespace",), user=text(data, "SubjectUserName"))


def service(data: Fields, watch: Watch) -> Fact | None:
    """Event 4697."""
    return service_fact(
        watch,
        service=text(data, "ServiceName") or "",
        command=text(data, "ServiceFileName") or "",
        account=text(data, "ServiceAccount") or "",
        kind=text(data, "ServiceType") or "",
        user=text(data, "SubjectUserName"),
    )


def task(data: Fields, watch: Watch) -> Fact | None:
    """Events 4698 (made) and 4702 (changed)."""
    xml = text(data, "TaskContent", "TaskContentNew") or ""
    return task_fact(
        watch, task=text(data, "TaskName") or "", xml=xml, user=text(data, "SubjectUserName")
    )


def log_cleared(data: Fields, watch: Watch) -> Fact | None:
    """Event 1102."""
    shown = fields(("log", "Security"), ("account", text(data, "SubjectUserName")))
    return Fact("log-cleared", shown, (), ("log",), user=text(data, "SubjectUserName"))
