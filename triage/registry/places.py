"""Where hives lie: a mounted Windows disk in any letter case, folders of collected files, copies.

A hive is known by its content (``regf`` and the type of a primary file), never by its name: names
only say where to look. Collections by KAPE (``C\\Windows``), Velociraptor (``uploads\\auto\\C%3A``)
and others put the drive a few folders below the root, so the first levels of a tree that is no
Linux system are searched, within limits.

Source of the layout: Microsoft, "Registry Hives"; of the base block: M. Suhanov, "Windows registry
file format specification" (file type at offset 28).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.evidence import Root, Unreadable
from triage.model import Gap, Why
from triage.records import dataclass

#: More is not read of one hive; the kernel itself refuses hives of more than 2 GiB.
SIZE_MAX = 1 << 30
_DEPTH, _LISTINGS, _FILES = 5, 600, 600
_KERNEL, _LINUX = frozenset({"proc", "sys"}), frozenset({"etc", "usr"})
_SYSTEMS = ("windows", "winnt")
_CONFIG = "System32/config"
_BELOW_SYSTEM = (
    _CONFIG,
    "System32/config/RegBack",
    "System32/config/systemprofile",
    "System32/config/systemprofile/AppData/Local/Microsoft/Windows",
    "SysWOW64/config/systemprofile",
    "AppCompat/Programs",
    "repair",
)
_PROFILES = ("Users", "Documents and Settings", "Windows/ServiceProfiles", "WINNT/Profiles")
_BELOW_PROFILE = (
    "",
    "AppData/Local/Microsoft/Windows",
    "Local Settings/Application Data/Microsoft/Windows",
)
#: Below a profile; each package has a hive ``Settings/settings.dat``.
_PACKAGES = "AppData/Local/Packages"
_BOOT = ("Boot", "EFI/Microsoft/Boot", "System Volume Information", "Recovery")
#: Files beside hives that begin like hives or are none by design.
_NO_HIVE = re.compile(r"(?i)\.(?:log\d?|regtrans-ms|blf|sqlite|txt|json|evtx|evt|exe|dll|jsonl)$")
_COMPONENTS = re.compile(r"(?i)^components(?:\.|$)")
_LARGE_FOLDERS = frozenset(
    {"program files", "program files (x86)", "programdata", "windows", "winnt", "users",
     "documents and settings", "$recycle.bin", "system volume information", "perflogs"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HiveFile:
    """A hive in the tree: its path, and the paths of its transaction logs."""

    path: str
    logs: tuple[str, ...] = ()


def hive_files(root: Root) -> list[HiveFile]:
    """Every hive, those in use before backups and older systems; each file once."""
    found: dict[str, HiveFile] = {}
    for folder in _folders(root):
        for one in _in_folder(root, folder):
            found.setdefault(one.path, one)
    return list(found.values())


def _folders(root: Root) -> Iterator[str]:
    """Folders that may hold hives, in a fixed order."""
    found, others = bases(root)
    for base in found:
        for system in _present(root, base, _SYSTEMS):
            yield from (f"{system}/{below}" for below in _BELOW_SYSTEM)
        for place in _PROFILES:
            yield from _profiles(root, f"{base}/{place}")
            yield from _packages(root, f"{base}/{place}")
        yield from (f"{base}/{below}" for below in _BOOT)
    yield from others


def bases(root: Root) -> tuple[list[str], list[str]]:
    """(folders that hold a Windows folder or profiles, all folders that were searched)."""
    found: list[str] = []
    searched: list[str] = []
    pending = [("", 0)]
    while pending and len(searched) < _LISTINGS:
        folder, depth = pending.pop(0)
        names = _names(root, folder)
        low = {name.lower() for name in names}
        if low & {*_SYSTEMS, "users", "documents and settings"}:
            found.append(folder)
        if "windows.old" in low:
            found.append(f"{folder}/{next(n for n in names if n.lower() == 'windows.old')}")
        if low & {"system32", "serviceprofiles"} and folder:
            found.append(folder.rpartition("/")[0])
        if low & _KERNEL or low >= _LINUX:
            continue  # a Linux system: a Windows folder in its root was seen above
        searched.append(folder)
        if depth >= _DEPTH or len(names) > _FILES:
            continue
        pending += [
            (f"{folder}/{name}", depth + 1) for name in names if name.lower() not in _LARGE_FOLDERS
        ]
    return list(dict.fromkeys(found)), searched


def _present(root: Root, base: str, wanted: tuple[str, ...]) -> list[str]:
    return [f"{base}/{name}" for name in _names(root, base) if name.lower() in wanted]


def _profiles(root: Root, folder: str) -> Iterator[str]:
    try:
        real = root.find(folder)
    except Unreadable:
        return
    for name in _names(root, real)[:_FILES]:
        for below in _BELOW_PROFILE:
            yield f"{real}/{name}/{below}".rstrip("/")


def _packages(root: Root, folder: str) -> Iterator[str]:
    """The folders with the settings of packaged applications, of every profile."""
    try:
        real = root.find(folder)
    except Unreadable:
        return
    for name in _names(root, real)[:_FILES]:
        try:
            packages = root.find(f"{real}/{name}/{_PACKAGES}")
        except Unreadable:
            continue
        yield from (f"{packages}/{one}/Settings" for one in _names(root, packages)[:_FILES])


def _names(root: Root, folder: str) -> list[str]:
    try:
        return root.names(folder)
    except Unreadable:
        return []


def _in_folder(root: Root, folder: str) -> Iterator[HiveFile]:
    try:
        real = root.find(folder) if folder else "/"
    except Unreadable:
        return
    names = _names(root, real)
    by_lower = {name.lower(): name for name in reversed(names)}
    for name in names[:_FILES]:
        if not root.listed and (_NO_HIVE.search(name) or _COMPONENTS.match(name)):
            continue
        path = f"{real.rstrip('/')}/{name}"
        if is_primary(root, path):
            logs = (by_lower.get(f"{name.lower()}{end}") for end in (".log1", ".log2", ".log"))
            beside = tuple(f"{real.rstrip('/')}/{log}" for log in logs if log is not None)
            yield HiveFile(path, beside)


def is_primary(root: Root, path: str) -> bool:
    """Whether a file begins as the primary file of a hive does."""
    try:
        head = root.read(path, 32)
    except Unreadable:
        return False
    return head[:4] == b"regf" and (len(head) < 32 or head[28:32] == b"\0\0\0\0")


def read(root: Root, file: HiveFile) -> Iterator[Gap | tuple[bytes, tuple[bytes, ...]]]:
    """Gaps for what could not be read, then the hive's bytes with its logs', if it was read."""
    logs: list[bytes] = []
    for path in file.logs:
        try:
            logs.append(root.read(path, SIZE_MAX))
        except Unreadable as error:
            yield error.gap
    try:
        size = root.facts(file.path).size
        if size > SIZE_MAX:
            detail = (
                f"{size} bytes: larger than any hive that Windows loads; only the start is read"
            )
            yield Gap(root.locate(file.path), Why.TRUNCATED, detail)
        data = root.read(file.path, min(size, SIZE_MAX) if size < SIZE_MAX else 64 << 20)
    except Unreadable as error:
        yield error.gap
        return
    yield data, tuple(logs)
