"""What WMI keeps in the registry: the files to compile again, and the servers of COM classes.

Both lie in the hive SOFTWARE. Pure: from a hive that is open to texts; the hive's reader raises
nothing.

Source: Microsoft, "AutorecoverMofs" of Win32_WMISetting; "InprocServer32", "LocalServer32",
"CodeBase" (.NET), "ScriptletURL", "TreatAs".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from triage.evidence import Root, Unreadable
from triage.model import Location
from triage.model.windows import ComServer, WmiRecovery
from triage.parsers import Malformed
from triage.parsers.regf import Hive, Key, open_hive
from triage.records import dataclass
from triage.wmi.windows_paths import is_remote, unfolded

#: Below HKLM\\SOFTWARE, and the value with the list.
CIMOM, AUTORECOVER = "Microsoft\\WBEM\\CIMOM", "Autorecover MOFs"
_CLASSES = ("Classes\\CLSID", "Classes\\Wow6432Node\\CLSID", "WOW6432Node\\Classes\\CLSID")
_SERVERS = frozenset({"inprocserver32", "localserver32", "inprochandler32", "scriptleturl"})
_FOLDERS = ("Windows/System32/config", "WINNT/System32/config", "", "config")
_SIZE_MAX = 512 << 20
_ENTRIES_MAX, _TEXT_MAX = 4096, 2048


@dataclass(frozen=True, slots=True)
class Software:
    """The hive SOFTWARE of a tree, its logs applied; ``path`` is where the hive lies."""

    root: Root
    path: str
    hive: Hive


def software_of(root: Root) -> Software | None:
    """The first hive SOFTWARE of a tree that can be read; what is wrong with it, others tell."""
    for folder in _FOLDERS:
        try:
            path = root.find(f"{folder}/SOFTWARE")
            data = root.read(path, _SIZE_MAX)
            return Software(root, path, open_hive(data, _logs(root, path)))
        except (Unreadable, Malformed):
            continue
    return None


def _logs(root: Root, path: str) -> list[bytes]:
    found = []
    for suffix in (".LOG1", ".LOG2", ".LOG"):
        try:
            found.append(root.read(root.find(path + suffix), _SIZE_MAX))
        except Unreadable:
            continue
    return found


def autorecover_entries(software: Software) -> tuple[str, ...]:
    """The list "Autorecover MOFs", in its order."""
    key = software.hive.key(CIMOM)
    for value in () if key is None else software.hive.values(key):
        if value.name.lower() == AUTORECOVER.lower():
            text = value.data.decode("utf-16-le", "replace")
            entries = [part[:_TEXT_MAX] for part in text.split("\0") if part.strip()]
            return tuple(entries[:_ENTRIES_MAX])
    return ()


def servers_of(software: Software, clsids: Set[str]) -> dict[str, list[ComServer]]:
    """The servers of COM classes, by CLSID in lower case; one pass over the hive's classes."""
    found: dict[str, list[ComServer]] = {}
    root, hive = software.root, software.hive
    for base in _CLASSES:
        key = hive.key(base)
        for one in () if key is None else hive.subkeys(key):
            clsid = one.name.lower()
            if clsid in clsids:
                found.setdefault(clsid, []).extend(_servers(hive, one, f"{base}\\{one.name}", root))
    return found


def _servers(hive: Hive, key: Key, path: str, root: Root) -> Iterator[ComServer]:
    for sub in hive.subkeys(key):
        if sub.name.lower() not in _SERVERS:
            continue
        for value in hive.values(sub):
            if value.name.lower() in ("", "codebase"):
                text = value.data.decode("utf-16-le", "replace").rstrip("\0")[:_TEXT_MAX]
                if text:
                    where = f"HKLM\\SOFTWARE\\{path}\\{sub.name}"
                    yield ComServer(where, text, has_file(root, text))


def has_file(root: Root, path: str) -> bool | None:
    """Whether the tree has the file of a Windows path; ``None`` where it leads elsewhere."""
    if is_remote(path) or not path.strip():
        return None
    place = unfolded(_program(path))
    if "%" in place:
        return None
    tries = [place] if place.count("/") > 1 else [f"/Windows/System32{place}"]
    for one in tries:
        try:
            root.find(one)
        except Unreadable:
            continue
        return True
    return False


def _program(command: str) -> str:
    """The program of a command line: what is quoted, else up to the first known ending."""
    text = command.strip()
    if text.startswith('"'):
        return text[1:].partition('"')[0]
    low = text.lower()
    ends = [low.find(ending) + 4 for ending in (".exe", ".dll", ".ocx") if ending in low]
    return text[: min(ends)] if ends else text


def recoveries(software: Software, entries: Iterable[str]) -> Iterator[WmiRecovery]:
    """The entries of the list as artifacts, each once."""
    file = software.root.locate(software.path)
    for entry in dict.fromkeys(entries):
        place = Location(file.path, f"{CIMOM}\\{AUTORECOVER}")
        yield WmiRecovery(place, entry, has_file(software.root, entry))
