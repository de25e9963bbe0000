"""What the indicators about providers and MOF files ask: whether a file's place is odd."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.knowledge import table
from triage.model import Severity
from triage.model.windows import ComServer, WmiProvider
from triage.predicates.wmi_consumers import runner_reason
from triage.wmi.windows_paths import is_anybodys, is_remote, is_the_systems

Reason = tuple[Severity, str]
_GUID = re.compile(r"\{[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}", re.IGNORECASE)
# Microsoft, "Provider hosting and security": the models, with an optional group or CLR.
_HOSTING = re.compile(
    r"wmicore(?:orselfhost)?|selfhost|"
    r"(?:network|local)(?:service|system)host(?:orselfhost)?(?::[\[\]\w .-]{1,80})?|"
    r"decoupled:(?:com|noncom)(?::foldidentity\((?:true|false)\))?",
    re.IGNORECASE,
)
_HERE = frozenset({"", ".", "localhost"})


def place_reason(path: str) -> Reason | None:
    """Why a place is none for what the system loads by itself; ``None`` for its own folders.

    A bare name is looked up in the system's folders and says nothing.
    """
    if is_remote(path):
        return Severity.HIGH, f"{path} lies on another machine"
    if is_anybodys(path):
        return Severity.HIGH, f"{path} lies where any user may write"
    if not re.search(r"[\\/]", path) or is_the_systems(path):
        return None
    return Severity.MEDIUM, f"{path} lies outside of Windows and Program Files"


def provider_reasons(item: WmiProvider) -> Iterator[Reason]:
    """What is odd about a provider."""
    yield from _displaced(item)
    yield from _elsewhere(item)
    yield from _assembly(item)
    for server in item.servers or ():
        yield from _server(server)
    clsid, hosting = (item.clsid or "").strip(), (item.hosting or "").strip()
    if clsid and not _GUID.fullmatch(clsid):
        yield Severity.LOW, f"its COM class is no GUID: {clsid[:80]}"
    if hosting and not _HOSTING.fullmatch(hosting):
        yield Severity.LOW, f"its hosting model is none that is documented: {hosting[:80]}"
    consumers = table("wmi_providers")["consumers"]
    if "event consumers" in item.registered and clsid.lower() not in consumers:
        yield Severity.LOW, "it serves event consumers of its own: an event runs its code"


def _displaced(item: WmiProvider) -> Iterator[Reason]:
    """A name of the system's with another COM class."""
    known = table("wmi_providers")["providers"].get((item.namespace or "").lower(), {})
    wanted = known.get(item.name.lower())
    has = (item.clsid or "").strip().lower()
    if wanted is not None and has != wanted:
        whose = wanted or "no COM class at all"
        yield Severity.HIGH, f"Windows' provider of that name is {whose}, this one {has or 'none'}"


def _elsewhere(item: WmiProvider) -> Iterator[Reason]:
    if (item.machine or "").strip().lower() not in _HERE:
        yield Severity.MEDIUM, f"it is to run on another machine: {item.machine}"
    for path in item.remote:
        yield Severity.MEDIUM, f"it is registered by a path of another machine: {path}"


def _assembly(item: WmiProvider) -> Iterator[Reason]:
    """A .NET provider: from a path, or without the strong name of an installed assembly."""
    found = place_reason(item.assembly_path) if item.assembly_path else None
    if found is not None:
        yield found
    if "publickeytoken=null" in (item.assembly or "").lower():
        yield Severity.MEDIUM, f"its .NET assembly has no strong name: {item.assembly}"


def _server(server: ComServer) -> Iterator[Reason]:
    found = place_reason(server.path)
    runs = runner_reason(server.path)
    script = server.key.lower().endswith("scriptleturl") or "scrobj" in server.path.lower()
    if found is not None:
        yield found
    elif script:
        yield Severity.HIGH, f"a script serves its COM class: {server.path}"
    elif runs is not None:
        yield Severity.HIGH, f"{server.path}: {runs}"
    elif server.present is False:
        yield Severity.LOW, f"{server.path} is not on the image"


# --- the list of MOF files to compile again -------------------------------------------------

_MOF = re.compile(r"\.(?:mof|mfl)\s*\"?\s*$", re.IGNORECASE)
_STREAM = re.compile(r"^[^:]*:?[^:]*\.\w+:[^\\/:]+$")


def entry_reasons(entry: str) -> Iterator[Reason]:
    """What is odd about one entry of "Autorecover MOFs"; nothing for those of clean systems.

    There every entry leads into Windows, Program Files, or Windows Defender's platform folder.
    """
    found = place_reason(entry)
    if found is not None:
        yield found
    if _STREAM.match(entry.strip().removeprefix("\\\\?\\")):
        yield Severity.HIGH, f"{entry} is a stream beside a file"
    elif entry.strip() and not _MOF.search(entry):
        yield Severity.MEDIUM, f"{entry} is no MOF file by its name"
