"""Where files lie that Windows or a shell starts by itself, below a root in any letter case.

Source: Microsoft, "Task Scheduler schema", "about_Profiles", known folders FOLDERID_Startup and
FOLDERID_CommonStartup; [MS-GPSCR] 2.2.2 (scripts.ini).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.evidence import Root, Unreadable
from triage.records import dataclass

_FILES_MAX, _DEPTH = 20_000, 16
_SYSTEMS = ("Windows", "WINNT")
_PROFILES = ("Users", "Documents and Settings")
_MENU = "Microsoft/Windows/Start Menu/Programs"
#: Below a profile, with the place of the table; what has ``shortcut`` holds many ordinary ones.
_OF_USERS = (
    (f"AppData/Roaming/{_MENU}/Startup", "startup-folder"),
    ("Start Menu/Programs/Startup", "startup-folder"),
    (f"AppData/Roaming/{_MENU}", "shortcut"),
    ("AppData/Roaming/Microsoft/Internet Explorer/Quick Launch", "shortcut"),
    ("Desktop", "shortcut"),
    ("Documents/WindowsPowerShell", "powershell-profile"),
    ("Documents/PowerShell", "powershell-profile"),
    ("OneDrive/Documents/WindowsPowerShell", "powershell-profile"),
    ("OneDrive/Documents/PowerShell", "powershell-profile"),
)
_OF_SYSTEM = (
    ("System32/Tasks", "task-file"),
    ("SysWOW64/Tasks", "task-file"),
    ("System32/WindowsPowerShell/v1.0", "powershell-profile"),
    ("SysWOW64/WindowsPowerShell/v1.0", "powershell-profile"),
    ("System32/GroupPolicy/Machine/Scripts", "gp-scripts"),
    ("System32/GroupPolicy/User/Scripts", "gp-scripts"),
)
_OF_DRIVE = (
    (f"ProgramData/{_MENU}/StartUp", "startup-folder"),
    (f"ProgramData/{_MENU}", "shortcut"),
    ("Program Files/PowerShell", "powershell-profile"),
)
_PROFILE = re.compile(r"(?i)(?:\w+\.)*(?:\w+_)?profile\.ps1")
_GROUP = re.compile(r"(?i)(?:ps)?scripts\.ini")


@dataclass(frozen=True, slots=True)
class StartFile:
    """A file that starts something: its path, how Windows writes that, the row of the table.

    ``below`` is the path below the folder of the place.
    """

    path: str
    shown: str
    place: str
    below: str
    user: str | None = None


def start_files(root: Root, bases: list[str]) -> Iterator[StartFile]:
    """Every such file below the folders that hold a Windows folder or profiles; each once."""
    seen: set[str] = set()
    for base in bases:
        for folder, place, user in _folders(root, base):
            for path, below in _below(root, folder):
                if path not in seen and _is_wanted(place, below):
                    seen.add(path)
                    shown = path[len(base) :].strip("/").replace("/", "\\")
                    yield StartFile(path, shown, place, below, user)


def _folders(root: Root, base: str) -> Iterator[tuple[str, str, str | None]]:
    for system in _SYSTEMS:
        for folder, place in _OF_SYSTEM:
            yield from _found(root, f"{base}/{system}/{folder}", place, None)
    for folder, place in _OF_DRIVE:
        yield from _found(root, f"{base}/{folder}", place, None)
    for profiles in _PROFILES:
        for user in _users(root, f"{base}/{profiles}"):
            for folder, place in _OF_USERS:
                yield from _found(root, f"{base}/{profiles}/{user}/{folder}", place, user)


def profiles(root: Root, bases: list[str]) -> list[str]:
    """The names of the profiles, as folders."""
    found = (_users(root, f"{base}/{folder}") for base in bases for folder in _PROFILES)
    return list(dict.fromkeys(name for names in found for name in names))


def _users(root: Root, folder: str) -> list[str]:
    try:
        return root.names(root.find(folder))
    except Unreadable:
        return []


def _found(
    root: Root, folder: str, place: str, user: str | None
) -> Iterator[tuple[str, str, str | None]]:
    try:
        yield root.find(folder), place, user
    except Unreadable:
        return


def _below(root: Root, folder: str) -> Iterator[tuple[str, str]]:
    """(path, path below the folder) of every file, sorted, links not followed out of the tree."""
    pending = [(folder, "", 0)]
    count = 0
    while pending:
        at, below, depth = pending.pop()
        try:
            names = root.names(at)
        except Unreadable:
            if below:
                yield at, below
            continue
        for name in reversed(names):
            count += 1
            if count > _FILES_MAX or depth >= _DEPTH:
                return
            pending.append((f"{at}/{name}", f"{below}/{name}".lstrip("/"), depth + 1))


def _is_wanted(place: str, below: str) -> bool:
    name = below.rpartition("/")[2]
    if place == "powershell-profile":
        return _PROFILE.fullmatch(name) is not None and below.count("/") <= 1
    if place == "gp-scripts":
        return _GROUP.fullmatch(name) is not None
    if place == "shortcut":
        return name.lower().endswith((".lnk", ".url"))
    return name.lower() not in ("desktop.ini", "thumbs.db")
