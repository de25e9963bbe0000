"""Hives with planted stores and loaders, made with the builder of ``tests/regf``.

A path such as ``Software\\X\\Y`` is all that a plant needs; the keys on the way are made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.regf.builder import DESCRIPTOR, Key, Value, build
from triage.collect import collect
from triage.collectors import registry_hives
from triage.evidence import Root
from triage.model import Snapshot
from triage.snapshot import dumps, loads

SZ, EXPAND, BINARY, DWORD, MULTI = 1, 2, 3, 4, 7
SYSTEM_PATH = "Windows/System32/config/SYSTEM"
SOFTWARE_PATH = "Windows/System32/config/SOFTWARE"
USER_PATH = "Users/bob/NTUSER.DAT"
CLASSES_PATH = "Users/bob/AppData/Local/Microsoft/Windows/UsrClass.dat"
RUN = "Software\\Microsoft\\Windows\\CurrentVersion\\Run"


def wide(text: str) -> bytes:
    """A text as Windows stores it, with its end."""
    return (text + "\0").encode("utf-16-le", "surrogatepass")


def number(value: int) -> bytes:
    return value.to_bytes(4, "little")


@dataclass
class Plant:
    """One value at a path. ``data`` may be text. ``key`` overrides fields of the last key."""

    path: str
    name: str
    data: bytes | str
    type: int | None = None
    removed: bool = False
    slack: bytes = b""
    key: dict[str, object] = field(default_factory=dict)

    def value(self) -> Value:
        data = wide(self.data) if isinstance(self.data, str) else self.data
        kind = (
            self.type if self.type is not None else (SZ if isinstance(self.data, str) else BINARY)
        )
        return Value(self.name, kind, data, removed=self.removed, slack=self.slack)


@dataclass
class _Node:
    name: str
    values: list[Value] = field(default_factory=list)
    below: dict[str, _Node] = field(default_factory=dict)
    fields: dict[str, object] = field(default_factory=dict)

    def key(self) -> Key:
        keys = [self.below[name].key() for name in sorted(self.below)]
        return Key(self.name, self.values, keys, **self.fields)  # type: ignore[arg-type]


def tree(plants: list[Plant], also: tuple[str, ...] = ()) -> Key:
    """The root key with every plant; ``also`` are keys without values."""
    root = _Node("ROOT")
    for path in also:
        _at(root, path)
    for plant in plants:
        node = _at(root, plant.path)
        node.values.append(plant.value())
        node.fields.update(plant.key)
    return root.key()


def _at(root: _Node, path: str) -> _Node:
    node = root
    for name in filter(None, path.split("\\")):
        node = node.below.setdefault(name.upper(), _Node(name))
    return node


BASES: dict[str, tuple[str, ...]] = {
    USER_PATH: ("Software\\Microsoft", "Environment", "Control Panel\\Desktop", "Console"),
    CLASSES_PATH: ("Local Settings\\Software", "CLSID"),
    SOFTWARE_PATH: ("Microsoft\\Windows\\CurrentVersion", "Classes\\CLSID", "Policies"),
    SYSTEM_PATH: ("ControlSet001\\Control", "ControlSet001\\Services", "MountedDevices"),
}
_SELECT = Plant("Select", "Current", number(1), DWORD)


def hive(path: str, plants: list[Plant], **more: object) -> bytes:
    """The bytes of a hive of the kind that lies at ``path``."""
    extra = [_SELECT] if path == SYSTEM_PATH else []
    return build(tree([*extra, *plants], BASES[path]), name=path[-30:], **more)  # type: ignore[arg-type]


def image(folder: Path, plants: dict[str, list[Plant]]) -> Path:
    """A tree with one hive for each path; the folder itself comes back."""
    for path, planted in plants.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(hive(path, planted))
    return folder


def looked_at(folder: Path) -> Snapshot:
    """What the collector sees, through the bytes of a snapshot."""
    with Root(str(folder)) as root:
        found = collect(
            root,
            kind="image",
            collectors=((registry_hives.NAME, registry_hives.collect),),
            clock=lambda: "2024-02-01T00:00:00Z",
            debug=True,
        )
    return loads(dumps(found))


def locked() -> bytes:
    """A descriptor whose list denies reading to everyone."""
    everyone = bytes.fromhex("010100000000000100000000")
    entry = b"\x01\x00" + (8 + len(everyone)).to_bytes(2, "little") + number(0x80000000) + everyone
    acl = b"\x02\x00" + (8 + len(entry)).to_bytes(2, "little") + b"\x01\x00\x00\x00" + entry
    head = b"\x01\x00\x04\x80" + number(0) + number(0) + number(0) + number(20)
    return head + acl


__all__ = ["DESCRIPTOR", "Key", "Plant", "Value", "hive", "image", "looked_at", "wide"]
