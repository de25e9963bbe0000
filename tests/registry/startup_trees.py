"""Trees with tasks, shortcuts and profiles, as Windows lays them out."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.registry.seeds import BINARY, SOFTWARE_PATH, Plant, hive
from triage.collect import collect
from triage.collectors import registry_hives, startup_files
from triage.evidence import Root
from triage.model import Snapshot
from triage.parsers.lnk import MAGIC
from triage.snapshot import dumps, loads

CACHE = "Microsoft\\Windows NT\\CurrentVersion\\Schedule\\TaskCache"
TASKS = "Windows/System32/Tasks"
STARTUP = "Users/bob/AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup"
PROFILE = "Users/bob/Documents/WindowsPowerShell/Microsoft.PowerShell_profile.ps1"
_XML = """<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Author>x</Author><URI>\\{name}</URI></RegistrationInfo>
  <Settings><Hidden>false</Hidden></Settings>
  <Actions Context="Author">{actions}</Actions>
</Task>
"""


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def xml(command: str, arguments: str = "", name: str = "Job") -> bytes:
    """A task's file, in UTF-16 as Windows writes it."""
    action = f"<Exec><Command>{escaped(command)}</Command>"
    action += f"<Arguments>{escaped(arguments)}</Arguments></Exec>"
    text = _XML.format(name=name, actions=action)
    return b"\xff\xfe" + text.encode("utf-16-le")


def actions(command: str, arguments: str = "") -> bytes:
    """The same as the task cache stores it."""

    def text(value: str) -> bytes:
        raw = value.encode("utf-16-le")
        return len(raw).to_bytes(4, "little") + raw

    head = b"\x03\x00" + text("Author") + b"\x66\x66" + text("")
    return head + text(command) + text(arguments) + text("") + b"\0\0"


def cached(name: str, command: str, arguments: str = "", *, descriptor: bool = True) -> list[Plant]:
    """A task in the task cache."""
    number = sum(name.encode()) % 10_000
    guid = f"{{00000000-0000-0000-0000-00000000{number:04d}}}"
    plants = [
        Plant(f"{CACHE}\\Tree\\{name}", "Id", guid),
        Plant(f"{CACHE}\\Tasks\\{guid}", "Path", f"\\{name}"),
        Plant(f"{CACHE}\\Tasks\\{guid}", "Actions", actions(command, arguments), BINARY),
    ]
    if descriptor:
        plants.append(Plant(f"{CACHE}\\Tree\\{name}", "SD", b"\1\0\4\x80" + bytes(16), BINARY))
    return plants


def lnk(target: str, arguments: str = "", behind: bytes = b"") -> bytes:
    """A shortcut with a local path."""
    flags = 0x2 | 0x20 | 0x80
    header = MAGIC + struct.pack("<I", flags) + bytes(36) + struct.pack("<I", 7) + bytes(12)
    path = target.encode("latin-1") + b"\0"
    volume = struct.pack("<4I", 17, 3, 0, 16) + b"\0"
    base = 28 + len(volume)
    body = volume + path + b"\0"
    info = struct.pack("<7I", 28 + len(body), 28, 1, 28, base, 0, base + len(path)) + body
    words = len(arguments).to_bytes(2, "little") + arguments.encode("utf-16-le")
    return header + info + words + bytes(4) + behind


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder


def software(plants: list[Plant]) -> dict[str, bytes]:
    return {SOFTWARE_PATH: hive(SOFTWARE_PATH, plants)}


def seen(folder: Path) -> Snapshot:
    """What the collectors of files and of hives see, through the bytes of a snapshot."""
    with Root(str(folder)) as root:
        found = collect(
            root,
            kind="image",
            collectors=(
                (startup_files.NAME, startup_files.collect),
                (registry_hives.NAME, registry_hives.collect),
            ),
            clock=lambda: "2024-02-01T00:00:00Z",
            debug=True,
        )
    return loads(dumps(found))
