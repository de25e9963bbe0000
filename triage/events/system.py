"""Events of the system and application logs: services, a cleared log, crashes, .NET, Defender.

Sources, per function: Microsoft's documentation of the provider named there.
"""

from __future__ import annotations

import re

from triage.events.facts import Fact, fields, ordered, text, traits
from triage.events.fields import Fields, classic_texts, texts
from triage.events.images import has_role, name, of_windows, remote, user_place
from triage.events.processes import process_fact
from triage.events.services import service_fact
from triage.events.tasks import command_traits
from triage.events.watch import Watch

_APPLICATION = re.compile(r"(?im)^[ \t]{0,20}Application:[ \t]{0,20}(\S[^\r\n]{0,200})")
_LOADER = re.compile(
    r"Reflection\.(?:Emit|RuntimeAssembly|Assembly\.Load|RuntimeMethodInfo)|DynamicClass|"
    r"<Module>\.|Assembly\.(?:nL|L)oad"
)
_SERVICE = re.compile(r"(?i)(\.exe)_[^\\/]{1,100}$")
#: Frames of an assembly that was loaded from an array and not from a file.
_FROM_BYTES = re.compile(r"(?:nLoadImage|Assembly\.Load|AppDomain\.Load)\(Byte\[\]")
_NO_MODULE = re.compile(r"^(?:unknown|stackhash_[0-9a-f]{4,8})$")
_ADDRESS = re.compile(r"(?i)^https?://(?:\d{1,3}\.){3}\d{1,3}(?=[:/]|$)")
_RUNS = re.compile(
    r"(?i)\.(?:exe|dll|ps1|psm1|vbs|vbe|js|jse|hta|sct|bat|cmd|scr|msi|xsl|txt|jpg|png|gif|bin|dat)"
    r"(?=$|[?#;\s\"])"
)
_CODE = re.compile(r"(?i)\.(?:ps1|psm1|vbs|vbe|js|jse|hta|sct|bat|cmd|scr|xsl)(?=$|[?#;\s\"])")
_VENDORS = re.compile(
    r"(?i)^https?://(?:[\w.-]+\.)?(?:microsoft|windowsupdate|msedge|office|gvt1|googleapis|google|"
    r"mozilla|adobe|windows|live|azureedge|visualstudio|skype|nvidia|dell|hp|lenovo|intel)\.(?:com|net|org)(?=[:/]|$)"
)
_OPTIONS = frozenset(
    {"xp_cmdshell", "clr enabled", "clr strict security", "ole automation procedures",
     "external scripts enabled"}
)  # fmt: skip
_EXCLUSION = re.compile(r"(?i)\\exclusions\\(?:paths|extensions|processes)\\")
_TURNED_OFF = re.compile(
    r"(?i)\\(?:disable\w+|tamperprotection|spynetreporting)\s*=\s*0x([0-9a-f]+)"
)


def service(data: Fields, watch: Watch) -> Fact | None:
    """Service Control Manager 7045: a service was installed."""
    return service_fact(
        watch,
        service=text(data, "ServiceName") or "",
        command=text(data, "ImagePath") or "",
        account=text(data, "AccountName") or "",
        kind=text(data, "ServiceType") or "",
    )


def service_state(data: Fields, watch: Watch) -> Fact | None:
    """Service Control Manager 7031, 7034 and 7036: the event log service itself went.

    The service's own name stands in the binary data (UTF-16), whatever the language.
    """
    raw = text(data, "Binary") or ""
    own = _wide(raw).partition("/")[0].lower()
    words = [value for _, value in texts(data) if value != raw]
    if own != "eventlog" or (len(words) > 1 and words[1].lower() == "running"):
        return None
    return Fact("log-stopped", fields(("state", ", ".join(words[1:3]))), (), ("state",))


def _wide(raw: str) -> str:
    try:
        return bytes.fromhex(raw).decode("utf-16-le", "replace").strip("\0")
    except ValueError:
        return ""


def log_cleared(data: Fields, watch: Watch) -> Fact | None:
    """Eventlog 104: the log of a channel was cleared."""
    shown = fields(
        ("log", text(data, "Channel")), ("account", text(data, "SubjectUserName")),
        ("backup", text(data, "BackupPath")),
    )  # fmt: skip
    return Fact("log-cleared", shown, (), ("log",), user=text(data, "SubjectUserName"))


def run_key(data: Fields, watch: Watch) -> Fact | None:
    """Shell-Core 9707: a command of a Run key was started."""
    command = text(data, "Command") or ""
    return process_fact(watch, image="", command=command, act="run-key")


def task_registered(data: Fields, watch: Watch) -> Fact | None:
    """TaskScheduler 129, 200 and 201: what a task started."""
    command = text(data, "ActionName", "Path") or ""
    found = command_traits(command) if command else ()
    if not found:
        return None
    shown = fields(("task", text(data, "TaskName")), ("command", command))
    return Fact("task", shown, (*found, "ran"), ("task", "command"))


def detection(data: Fields, watch: Watch) -> Fact | None:
    """Defender 1006 to 1008 and 1116 to 1119: what was found, where, and what became of it."""
    threat, severity = text(data, "Threat Name") or "", text(data, "Severity Name") or ""
    path, process = text(data, "Path") or "", text(data, "Process Name") or ""
    low = path.lower()
    found = traits(
        ("in-memory", low.startswith(("behavior:", "process:")) or "_pid:" in low),
        ("in-registry", "regkey" in low or "runkey" in low or "regkeyvalue" in low),
        ("amsi", "amsi" in low or text(data, "Source Name") in ("%%864", "AMSI")),
        ("wmi", "wmi" in low),
    )
    shown = fields(
        ("threat", threat), ("severity", severity), ("path", path[:4000]), ("image", process),
        ("action", text(data, "Action Name")), ("detected", text(data, "Detection Time")),
    )  # fmt: skip
    same = ("threat", "path")
    return Fact("detection", shown, found, same, user=text(data, "Detection User"))


def defender_change(data: Fields, watch: Watch) -> Fact | None:
    """Defender 5001, 5007, 5010, 5012, 5013: it was told to look away."""
    new, old = text(data, "New Value") or "", text(data, "Old Value") or ""
    off = _TURNED_OFF.search(new)
    found = traits(
        ("exclusion", _EXCLUSION.search(new) is not None),
        ("turned-off", off is not None and _weaker(new, int(off.group(1)[:8], 16))),
        ("stopped", not new and not old),
    )
    if not found:
        return None
    shown = fields(("new", new), ("old", old), ("product", text(data, "Product Name")))
    return Fact("defender-change", shown, found, ("new",))


def _weaker(setting: str, value: int) -> bool:
    low = setting.lower()
    return value == 1 if "\\disable" in low else value in (0, 4)


def blocked_code(data: Fields, watch: Watch) -> Fact | None:
    """CodeIntegrity 3001 to 3077 and AppLocker 8003 to 8007, where users write."""
    path = text(data, "FileNameBuffer", "File Name", "FilePath", "FullFilePath") or ""
    process = text(data, "ProcessNameBuffer", "Process Name") or ""
    if not path or not (user_place(path) or remote(path)) or "\\winsxs\\" in path.lower():
        return None
    found = traits(
        ("into-windows", bool(process) and of_windows(process)),
        ("driver", path.lower().endswith(".sys")),
    )
    shown = fields(
        ("path", path), ("image", process), ("rule", text(data, "RuleName", "Policy Name"))
    )
    return Fact("code-blocked", shown, found, ("path", "image"), user=text(data, "TargetUser"))


def managed_crash(data: Fields, watch: Watch) -> Fact | None:
    """.NET Runtime 1023, 1025, 1026: the runtime failed in a program that has none of its own."""
    words = "\n".join(classic_texts(data))
    match = _APPLICATION.search(words)
    image = "" if match is None else match.group(1).strip()
    found = traits(
        ("odd-host", has_role(image, "unmanaged")), ("loader", _LOADER.search(words)),
        ("from-bytes", has_role(image, "bare") and _FROM_BYTES.search(words)),
    )  # fmt: skip
    if not {"odd-host", "from-bytes"} & set(found):
        return None
    shown = fields(("image", image), ("data", words[:4000]))
    return Fact("managed-crash", shown, found, ("image",))


def crash(data: Fields, watch: Watch) -> Fact | None:
    """Application Error 1000: a program of Windows failed in code that lies in no module."""
    values = classic_texts(data) or [value for _, value in texts(data)]
    image = _without_service(text(data, "AppName") or "".join(values[0:1]))
    module = text(data, "ModuleName") or "".join(values[3:4])
    code = text(data, "ExceptionCode") or "".join(values[6:7])
    if not _NO_MODULE.match(module.strip().lower()):
        return None
    found = traits(("windows", has_role(image, "opener", "unmanaged", "bare")))
    shown = fields(("image", image), ("module", module), ("code", code))
    return Fact("crash", shown, found, ("image", "module"))


def _without_service(image: str) -> str:
    """``svchost.exe_Themes`` as reports name a host of services, without the service."""
    return _SERVICE.sub(r"\1", image)


def crash_report(data: Fields, watch: Watch) -> Fact | None:
    """Windows Error Reporting 1001: the same, as a report; ``BEX`` is code run from data."""
    values = classic_texts(data) or [value for _, value in texts(data)]
    kind = text(data, "EventName") or (values[2] if len(values) > 2 else "")
    if not kind.upper().startswith(("APPCRASH", "BEX")):
        return None
    image = _without_service(text(data, "P1") or (values[5] if len(values) > 5 else ""))
    module = text(data, "P4") or (values[8] if len(values) > 8 else "")
    if not _NO_MODULE.match(module.strip().lower()):
        return None
    found = traits(
        ("windows", has_role(image, "opener", "unmanaged", "bare")),
        ("execution-of-data", kind.upper().startswith("BEX")),
    )
    return Fact("crash", fields(("image", image), ("module", module), ("kind", kind)), found,
                ("image", "module"))  # fmt: skip


def transfer(data: Fields, watch: Watch) -> Fact | None:
    """Bits-Client 59, 60 and 16403: a download that is no vendor's update."""
    url = text(data, "url", "RemoteName") or ""
    local_source = url[1:3] == ":\\" or url.lower().startswith("file:")
    if not (local_source or url.lower().startswith("http")) or _VENDORS.match(url):
        return None
    process = text(data, "processPath") or ""
    local = text(data, "LocalName") or ""
    found = traits(
        ("local-source", local_source), ("by-address", _ADDRESS.match(url)),
        ("code", _CODE.search(url)),
        ("runs", _RUNS.search(url) or _RUNS.search(local)),
        ("by-shell", has_role(process, "shell")),
    )  # fmt: skip
    if not found:
        return None
    shown = fields(
        ("url", url), ("job", text(data, "name", "jobTitle")), ("path", local), ("image", process)
    )
    return Fact("transfer", shown, found, ("url", "job"), user=text(data, "jobOwner", "User"))


def package(data: Fields, watch: Watch) -> Fact | None:
    """MsiInstaller 1040: the installer began with a package that it fetches from the network."""
    values = classic_texts(data)
    source = values[0].strip() if values else ""
    if not source.lower().startswith(("http://", "https://")) or _VENDORS.match(source):
        return None
    found = traits(("by-address", _ADDRESS.match(source)), ("package", True))
    shown = fields(("url", source), ("image", "msiexec.exe"))
    return Fact("transfer", shown, found, ("url",))


def transfer_command(data: Fields, watch: Watch) -> Fact | None:
    """Bits-Client 306 and kin carry no command; 3 tells who made a job: an interpreter."""
    process = text(data, "processPath") or ""
    if name(process) not in (
        "bitsadmin",
        "powershell",
        "pwsh",
        "cmd",
        "wscript",
        "cscript",
        "mshta",
    ):
        return None
    shown = fields(
        ("job", text(data, "jobTitle", "string")), ("image", process),
        ("url", None), ("account", text(data, "jobOwner", "string2")),
    )  # fmt: skip
    return Fact("transfer", shown, ("by-shell",), ("job", "image"), user=text(data, "jobOwner"))


def shim(data: Fields, watch: Watch) -> Fact | None:
    """Application-Experience 500 and 505: a compatibility fix went into a program of Windows."""
    image, fix = text(data, "ExePath") or "", text(data, "FixName") or ""
    if not of_windows(image) or fix.lower() == "installshieldinstaller":
        return None
    return Fact("shim", fields(("image", image), ("fix", fix)), (), ("image", "fix"))


def database_setting(data: Fields, watch: Watch) -> Fact | None:
    """MSSQLSERVER 15457: SQL Server may run commands or load .NET assemblies from now on."""
    values = classic_texts(data)
    option = (values[0] if values else "").strip().lower()
    if option not in _OPTIONS:
        return None
    off = option == "clr strict security"
    if values[2:3] != (["0"] if off else ["1"]):
        return None
    return Fact("database-setting", fields(("setting", option)), ordered({"enabled"}), ("setting",))
