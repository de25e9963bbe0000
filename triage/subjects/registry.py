"""What the report calls values, keys and autostarts of the Registry: identity, title and facts."""

from __future__ import annotations

from triage.model import Content
from triage.model.windows import AutostartItem, RegistryKey, RegistryValue
from triage.subjects.cut import cut

Facts = tuple[tuple[str, str | int | bool | None], ...]
Registry = RegistryValue | RegistryKey | AutostartItem
_SHOWN = 400
_TYPES = {
    0: "REG_NONE", 1: "REG_SZ", 2: "REG_EXPAND_SZ", 3: "REG_BINARY", 4: "REG_DWORD",
    5: "REG_DWORD_BIG_ENDIAN", 6: "REG_LINK", 7: "REG_MULTI_SZ", 8: "REG_RESOURCE_LIST",
    9: "REG_FULL_RESOURCE_DESCRIPTOR", 10: "REG_RESOURCE_REQUIREMENTS_LIST", 11: "REG_QWORD",
}  # fmt: skip


def type_name(kind: int) -> str:
    """The name of a declared type, the number where Windows has no name for it."""
    return _TYPES.get(kind, f"type {kind:#x}")


def identity_of(item: Registry) -> str:
    """What tells it from every other of the same snapshot, and is the same in every run."""
    place = f"{item.location.path}\0{item.location.inside}\0{item.key}\0{item.state}\0{item.offset}"
    if isinstance(item, RegistryKey):
        return place
    if isinstance(item, AutostartItem):
        return f"{place}\0{item.name}\0{item.place}\0{item.command}"
    return "\0".join((place, item.name, *item.parts))


def name_of(item: Registry) -> str:
    """The key, with the value behind two colons: ``HKU\\bob\\Software\\X :: payload``."""
    gone = "" if item.state == "allocated" else f" [{item.state}]"
    if isinstance(item, RegistryKey) or _is_whole_file(item):
        return f"{item.key}{gone}"
    return f"{item.key} :: {item.name or '(default)'}{gone}"


def _is_whole_file(item: Registry) -> bool:
    """A file that starts something, and not one of several things that it starts."""
    return item.hive == "file" and isinstance(item, AutostartItem) and not item.name


def content_of(item: Registry) -> Content | None:
    """What was joined where parts were, else what the value, class name or command holds."""
    if isinstance(item, RegistryValue) and item.joined is not None:
        return item.joined
    return item.content


def facts_of(item: Registry) -> Facts:
    """The facts an analyst looks for first."""
    content = content_of(item)
    found = (
        ("sha256", None if content is None else content.sha256),
        ("content_kind", None if content is None else content.kind),
    )
    return (*_place(item), *_own(item), *found)


def _place(item: Registry) -> Facts:
    if isinstance(item, RegistryKey) or _is_whole_file(item):
        named: Facts = ()
    else:
        named = (("value", item.name or "(default)"),)
    return (
        ("hive", item.location.path),
        ("hive_kind", item.hive),
        ("key", item.key),
        *named,
        ("user", item.user),
        ("sid", item.sid),
        ("last_write", item.last_write),
        ("state", item.state),
        ("offset", item.offset),
    )


def _own(item: Registry) -> Facts:
    if isinstance(item, AutostartItem):
        reads = ", ".join(f"{one.key} :: {one.value or '*'}" for one in item.reads)
        return (
            ("place", item.place),
            ("command", cut(item.command, _SHOWN)),
            ("program", item.program),
            ("starts", ", ".join(item.starts)),
            ("traits", ", ".join(item.traits)),
            ("targets", cut(", ".join(item.targets), _SHOWN)),
            ("reads", cut(reads, _SHOWN)),
            ("decoded", cut(" | ".join(item.scripts), _SHOWN) or None),
            ("machine_setting", item.machine),
        )
    if isinstance(item, RegistryKey):
        return (
            ("values", item.values),
            ("subkeys", item.subkeys),
            ("traits", ", ".join(item.traits)),
        )
    return (
        ("type", type_name(item.type)),
        ("size", item.size),
        ("text", item.text),
        ("traits", ", ".join(item.traits)),
        ("script", ", ".join(item.script)),
        ("decoded", cut(" | ".join(item.scripts), _SHOWN) or None),
        ("joined_from", cut(", ".join(item.parts), _SHOWN) or None),
        ("known_benign_place", item.benign),
    )
