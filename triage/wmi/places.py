"""Where WMI repositories lie below a root, and their files, read in bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from triage.evidence import Root, Unreadable
from triage.model import Gap, Location, Why

#: Of one file; a real OBJECTS.DATA has 20 to 400 MB.
SIZE_MAX = 1 << 30
SYSTEMS = ("Windows", "WINNT", "Windows.old/Windows")
#: Below a system: where its MOF files lie.
MOF_FOLDERS = ("System32/wbem", "SysWOW64/wbem")
_BELOW = MOF_FOLDERS[0]
_LOOSE = ("", "Repository", "FS", "Repository/FS", "wbem/Repository", "wbem/Repository/FS")


@dataclass(frozen=True, slots=True)
class Files:
    """One repository as read: ``folder`` in the tree's own spelling, mappings by name."""

    folder: str
    objects: bytes
    index: bytes
    mappings: dict[str, bytes] = field(default_factory=dict)


def folders(root: Root) -> list[str]:
    """The folders that hold an ``OBJECTS.DATA``, the system's own before backups and loose ones."""
    wanted: list[str] = []
    for system in SYSTEMS:
        base = f"{system}/{_BELOW}"
        for name in _repositories(root, base):
            wanted += [f"{base}/{name}", f"{base}/{name}/FS"]
    wanted += _LOOSE
    found = [folder for folder in (_holding(root, f) for f in wanted) if folder is not None]
    return list(dict.fromkeys(found))


def mof_folder(root: Root) -> str | None:
    """The first folder where the MOF files of a system below the root lie."""
    for system in SYSTEMS:
        for folder in MOF_FOLDERS:
            try:
                return root.find(f"{system}/{folder}")
            except Unreadable:
                continue
    return None


def _repositories(root: Root, base: str) -> list[str]:
    """``Repository`` and the copies that repairs leave beside it (``Repository.001``)."""
    try:
        names = root.names(root.find(base))
    except Unreadable:
        return []
    return sorted(name for name in names if name.casefold().partition(".")[0] == "repository")


def _holding(root: Root, folder: str) -> str | None:
    try:
        return root.find(f"{folder}/OBJECTS.DATA").rpartition("/")[0] or "/"
    except Unreadable:
        return None


def read(root: Root, folder: str) -> Iterator[Files | Gap]:
    """The files of one repository: gaps for what is missing, then the rest, if there is any."""
    parts: dict[str, bytes] = {}
    for name in sorted(_names(root, folder)):
        upper = name.upper()
        if upper in ("OBJECTS.DATA", "INDEX.BTR") or upper.endswith(".MAP"):
            path = f"{folder.rstrip('/')}/{name}"
            try:
                data = root.read(path, SIZE_MAX + 1)
            except Unreadable as error:
                yield error.gap
                continue
            if len(data) > SIZE_MAX:
                yield Gap(root.locate(path), Why.TRUNCATED, f"only {SIZE_MAX} bytes were read")
                data = data[:SIZE_MAX]
            parts.setdefault(upper, data)
    if "INDEX.BTR" not in parts:
        location = Location(root.locate(folder).path, "INDEX.BTR")
        yield Gap(location, Why.ABSENT, "no index: namespaces and deletions are not known")
    objects = parts.pop("OBJECTS.DATA", None)
    index = parts.pop("INDEX.BTR", b"")
    if objects is not None:
        yield Files(folder, objects, index, parts)


def _names(root: Root, folder: str) -> list[str]:
    try:
        return root.names(folder)
    except Unreadable:
        return []
