"""Events of Sysmon: processes, threads, access, modules, files, registry, WMI, pipes, tampering.

Field names are those of Sysmon's own manifest (schema 4.x); old versions write some differently.
Source: https://learn.microsoft.com/sysinternals/downloads/sysmon
"""

from __future__ import annotations

import re

from triage.events import access, registry_places
from triage.events.facts import Fact, actors, fields, text, traits
from triage.events.fields import Fields, as_number
from triage.events.images import has_role, name, of_windows, plain, remote, role_names, user_place
from triage.events.processes import process_fact, start_traits
from triage.events.watch import Watch

_RUNTIME = frozenset(
    {"clr.dll", "clrjit.dll", "mscoree.dll", "mscoreei.dll", "mscorwks.dll", "mscorlib.ni.dll",
     "mscorlib.dll", "coreclr.dll", "mscorjit.dll"}
)  # fmt: skip
_AUTOMATION = re.compile(r"^system\.management\.automation(?:\.ni)?\.dll$")
_ENGINES = frozenset({"jscript.dll", "jscript9.dll", "vbscript.dll", "scrobj.dll", "scrrun.dll"})
_STARTUP = re.compile(r"\\start menu\\programs\\startup\\[^\\]+$")
_SCRIPT_FILE = re.compile(
    r"\.(?:ps1|psm1|vbs|vbe|js|jse|wsf|wsh|hta|sct|wsc|bat|cmd|xsl|mof|exe|dll|scr|lnk|pif|com|url)$"
)
#: The pipe that every PowerShell engine opens: when, process id, domain, process.
_POWERSHELL_PIPE = re.compile(r"(?i)^\\PSHost\.\d+\.\d+\.[^.]+\.(.{1,80})$")
_DIGEST = re.compile(r"(?i)^\\(?:[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$")
#: A text that is nothing but encoded: keys and proofs of ownership in DNS have a name before them.
_CODED_ANSWER = re.compile(
    r"type:\s{1,2}16\s{1,2}\"?(?=[^;]{0,400}[0-9])(?=[^;]{0,400}[A-Z])[A-Za-z0-9+/_-]{48,}={0,2}\"?(?:;|$)|"
    r"type:\s{1,2}16\s{1,2}\"?(?:[0-9A-Fa-f]{2}){32,}\"?(?:;|$)"
)
_USAGE = re.compile(r"\\clr_v[\w.]+\\usagelogs\\([^\\]+)\.exe\.log$")


def process_start(data: Fields, watch: Watch) -> Fact | None:
    """Event 1."""
    image, command = text(data, "Image") or "", text(data, "CommandLine") or ""
    parent = text(data, "ParentImage") or ""
    original, product = text(data, "OriginalFileName") or "", text(data, "Product") or ""
    if not start_traits(image, command, parent, original, product):
        return None
    return process_fact(
        watch,
        image=image,
        command=command,
        parent=parent,
        parent_command=text(data, "ParentCommandLine") or "",
        original=original,
        product=product,
        processes=actors(data, "ProcessGuid", "ProcessId"),
        parents=actors(data, "ParentProcessGuid", "ParentProcessId"),
        user=text(data, "User"),
    )


def connection(data: Fields, watch: Watch) -> Fact | None:
    """Event 3: a shell that answers the network, a program that has no business there."""
    image = text(data, "Image") or ""
    inward = (text(data, "Initiated") or "").lower() == "false"
    found = traits(
        ("listens", inward and has_role(image, "shell", "script-host")),
        ("silent-program", has_role(image, "silent") and of_windows(image)),
    )
    if not found:
        return None
    here, there = ("Destination", "Source") if inward else ("Source", "Destination")
    shown = fields(
        ("image", image), ("local", f"{text(data, here + 'Ip')}:{text(data, here + 'Port')}"),
        ("remote", f"{text(data, there + 'Ip')}:{text(data, there + 'Port')}"),
    )  # fmt: skip
    actor = actors(data, "ProcessGuid", "ProcessId")
    return Fact("connection", shown, found, ("image",), actor, user=text(data, "User"))


def module_load(data: Fields, watch: Watch) -> Fact | None:
    """Event 7: .NET in programs that have none, script engines, unsigned modules out of place."""
    image, loaded = text(data, "Image") or "", text(data, "ImageLoaded") or ""
    base = plain(loaded).rpartition("\\")[2]
    signed = (text(data, "Signed") or "").lower()
    unsigned = signed == "false"
    runtime = base in _RUNTIME or _AUTOMATION.match(base) is not None
    own = plain(image) == plain(loaded)
    beside = unsigned and not own and user_place(loaded) and not of_windows(image)
    found = traits(
        ("runtime", runtime and has_role(image, "unmanaged")),
        ("automation", _AUTOMATION.match(base) and not has_role(image, "managed")),
        ("foreign-module", unsigned and not own and of_windows(image) and user_place(loaded)),
        ("remote-module", unsigned and not own and remote(loaded)),
        ("unsigned-in-windows", unsigned and not own and of_windows(loaded) and of_windows(image)),
        ("unsigned-beside", beside),
        ("borrowed-name", beside and base in role_names("library")),
        ("script-engine", base in _ENGINES and _odd_for_scripts(image)),
    )
    if not found:
        return None
    shown = fields(
        ("image", image), ("loaded", loaded), ("signed", signed),
        ("signature", text(data, "Signature")), ("hashes", text(data, "Hashes")),
        ("original", text(data, "OriginalFileName")),
    )  # fmt: skip
    actor = actors(data, "ProcessGuid", "ProcessId")
    # Programs in users' folders bring libraries by the dozen: they are told together.
    same = ("image",) if found == ("unsigned-beside",) else ("image", "loaded")
    return Fact("module-load", shown, found, same, actor, user=text(data, "User"))


def _odd_for_scripts(image: str) -> bool:
    """Whether it is a program of Windows with another use, or one where users write."""
    odd = name(image) in (
        "regsvr32",
        "rundll32",
        "wmic",
        "msxsl",
        "certutil",
        "installutil",
        "cmstp",
    )
    return odd or user_place(image)


def remote_thread(data: Fields, watch: Watch) -> Fact | None:
    """Event 8: a thread that one process starts in another."""
    source, target = text(data, "SourceImage") or "", text(data, "TargetImage") or ""
    module, function = text(data, "StartModule") or "", text(data, "StartFunction") or ""
    nowhere = module.strip("-? ") == "" and function.strip("-? ") == ""
    base = plain(module).rpartition("\\")[2]
    found = traits(
        ("no-module", nowhere),
        ("loads-library", function.lower().startswith("loadlibrary")),
        ("foreign-module", not nowhere and user_place(module)),
        ("of-windows", has_role(source, "opener") and of_windows(source)),
        ("of-user-memory", nowhere and not has_role(source, "threader") and _is_low(data)),
        ("lsass", name(target) == "lsass" and not has_role(source, "opener")),
        ("debugger", base == "ntdll.dll" and function.lower() in ("dbguiremotebreakin", "")),
    )
    if not {"no-module", "loads-library", "foreign-module", "lsass"} & set(found):
        return None
    shown = fields(
        ("image", source), ("target", target), ("module", module), ("function", function),
        ("address", text(data, "StartAddress")),
    )  # fmt: skip
    actor = actors(data, "SourceProcessGuid", "SourceProcessId")
    same = ("image", "target", "module", "function")
    return Fact("remote-thread", shown, found, same, actor, user=text(data, "SourceUser"))


def _is_low(data: Fields) -> bool:
    """Whether a thread starts below the kernel, which starts its own in processes of the system."""
    start = as_number(data.get("StartAddress"))
    return start is not None and 0x10000 <= start < 1 << 47


def process_access(data: Fields, watch: Watch) -> Fact | None:
    """Event 10: told when the rights or the call trace say more than that somebody looked."""
    source, target = text(data, "SourceImage") or "", text(data, "TargetImage") or ""
    trace, mask = text(data, "CallTrace") or "", as_number(data.get("GrantedAccess")) or 0
    hidden, direct = access.unbacked(trace), access.direct_call(trace)
    own = access.ordinary(source, target)
    injects = access.asks_to_inject(mask) and not own
    seizes = access.writes(mask) and user_place(source) and of_windows(target)
    seizes = seizes and access.opens(trace)
    lsass = name(target) == "lsass" and bool(mask & access.VM_READ) and not own
    if not (hidden or direct or injects or seizes or lsass):
        return None
    jit = has_role(source, "jit") and not user_place(source)
    found = traits(
        ("unbacked-caller", hidden), ("direct-call", direct), ("writes", access.writes(mask)),
        ("injection-rights", injects), ("jit", jit), ("reads", mask & access.VM_READ),
        ("lsass", lsass), ("seizes", seizes),
    )  # fmt: skip
    shown = fields(
        ("image", source), ("target", target), ("access", f"{mask:#x}"),
        ("shape", access.shape(trace)), ("trace", trace),
    )  # fmt: skip
    actor = actors(data, "SourceProcessGUID", "SourceProcessId") or actors(
        data, "SourceProcessGuid", "SourceProcessId"
    )
    same = ("image", "access", "shape")
    return Fact("process-access", shown, found, same, actor, user=text(data, "SourceUser"))


def file_write(data: Fields, watch: Watch) -> Fact | None:
    """Event 11: traces of in-memory .NET, and what starts at the next logon."""
    target, image = text(data, "TargetFilename") or "", text(data, "Image") or ""
    path = plain(target)
    usage = _USAGE.search(path)
    found = traits(
        ("usage-log", usage is not None and has_role(usage.group(1), "unmanaged")),
        ("startup-folder", _STARTUP.search(path) and _SCRIPT_FILE.search(path)),
        ("by-share", _STARTUP.search(path) and name(image) == "system"),
    )
    if not found:
        return None
    shown = fields(("image", image), ("path", target))
    actor = actors(data, "ProcessGuid", "ProcessId")
    return Fact("file-write", shown, found, ("image", "path"), actor, user=text(data, "User"))


def stream_write(data: Fields, watch: Watch) -> Fact | None:
    """Event 15: a named stream. ``Zone.Identifier`` says where a download came from."""
    target = text(data, "TargetFilename") or ""
    stream = target.rpartition("\\")[2].partition(":")[2]
    if not stream or stream.lower().startswith(("zone.identifier", "smartscreen", "favicon")):
        return None
    content = text(data, "Contents") or ""
    found = traits(("runs", _SCRIPT_FILE.search(stream.lower())), ("content", len(content) > 200))
    shown = fields(
        ("image", text(data, "Image")), ("path", target), ("data", content),
        ("hashes", text(data, "Hash")),
    )  # fmt: skip
    actor = actors(data, "ProcessGuid", "ProcessId")
    return Fact("stream-write", shown, found, ("image", "path"), actor, user=text(data, "User"))


def registry(data: Fields, watch: Watch) -> Fact | None:
    """Events 12, 13 and 14."""
    return registry_places.registry_fact(
        watch,
        key=text(data, "TargetObject") or "",
        data=text(data, "Details", "NewName") or "",
        kind=text(data, "EventType") or "",
        image=text(data, "Image") or "",
        processes=actors(data, "ProcessGuid", "ProcessId"),
        user=text(data, "User"),
    )


def pipe(data: Fields, watch: Watch) -> Fact | None:
    """Events 17 and 18: names that frameworks and remote shells give their pipes."""
    pipe_name = text(data, "PipeName") or ""
    host = _POWERSHELL_PIPE.match(pipe_name)
    if host is not None and not has_role(host.group(1), "managed"):
        odd = traits(
            ("unmanaged-host", has_role(host.group(1), "unmanaged")), ("foreign-host", True)
        )
        shown = fields(("image", text(data, "Image")), ("pipe", pipe_name))
        actor = actors(data, "ProcessGuid", "ProcessId")
        return Fact("engine-start", shown, odd[:1], ("image",), actor, user=text(data, "User"))
    known = watch.known_pipe(pipe_name)
    if known is None and text(data, "EventType") != "CreatePipe" and _from_afar(data, pipe_name):
        known = "a name that says nothing, opened from another machine"
    if known is None:
        return None
    shown = fields(("image", text(data, "Image")), ("pipe", pipe_name), ("known", known))
    actor = actors(data, "ProcessGuid", "ProcessId")
    return Fact("pipe", shown, (), ("image", "known"), actor, user=text(data, "User"))


def _from_afar(data: Fields, pipe_name: str) -> bool:
    """Whether another machine opened a pipe whose name is a digest: the file server of the kernel
    (process 4) opens for it. Pipes that services offer to the network have names of words.
    """
    kernel = name(text(data, "Image") or "") == "system" and as_number(data.get("ProcessId")) == 4
    return kernel and _DIGEST.match(pipe_name) is not None


def dns(data: Fields, watch: Watch) -> Fact | None:
    """Event 22: answers that carry text (a stage kept in a TXT record)."""
    results = text(data, "QueryResults") or ""
    if "type:  16" not in results and "type: 16" not in results:
        return None
    image = text(data, "Image")
    shown = fields(("image", image), ("query", text(data, "QueryName")), ("data", results))
    actor = actors(data, "ProcessGuid", "ProcessId")
    found = traits(
        ("encoded", _CODED_ANSWER.search(results)),
        ("by-shell", has_role(image or "", "shell", "script-host", "silent")),
    )
    return Fact("dns-text", shown, found, ("image", "query"), actor, user=text(data, "User"))


def tampering(data: Fields, watch: Watch) -> Fact | None:
    """Event 25: the image in memory is not that of the file, or the file is locked."""
    kind = text(data, "Type") or ""
    image = text(data, "Image") or ""
    found = traits(
        ("replaced", "replaced" in kind.lower()), ("locked", "locked" in kind.lower()),
        ("jit", has_role(image, "jit") and not user_place(image)),
    )  # fmt: skip
    actor = actors(data, "ProcessGuid", "ProcessId")
    shown = fields(("image", image), ("tampering", kind))
    return Fact("tampering", shown, found, ("image", "tampering"), actor, user=text(data, "User"))
