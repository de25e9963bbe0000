"""A process that starts: what its command line does, who started it, whether it is what it says."""

from __future__ import annotations

import re
from functools import lru_cache

from triage.events.dull import is_dull
from triage.events.facts import Fact, fields, ordered
from triage.events.images import has_role, installed, name, of_windows, plain, user_place
from triage.events.likeness import alike
from triage.events.registry_places import AUTOSTART, Place, place_of
from triage.events.watch import Watch
from triage.model import Severity
from triage.windows.commands import Command, judge_command
from triage.windows.traits import HARMFUL, SUSPECT, Trait

#: Of a command line that a record keeps; the judgement saw all of it.
COMMAND_MAX = 16 << 10
# Who opens a bare shell for a person; a shell without arguments under any other program of Windows
# answers to something else.
_INTERACTIVE = frozenset(
    {"explorer", "cmd", "powershell", "pwsh", "userinit", "conhost", "windowsterminal", "wt",
     "openconsole", "taskmgr", "sihost", "runtimebroker", "wsl", "bash", "powershell_ise",
     "consent", "mmc", "msconfig", "openwith", "code"}
)  # fmt: skip
#: Core processes by the only ones that start them.
_PARENTS = {
    "services": frozenset({"wininit", "winlogon"}),
    "lsass": frozenset({"wininit", "winlogon"}),
    "lsaiso": frozenset({"wininit"}),
    "wininit": frozenset({"smss"}),
    "winlogon": frozenset({"smss"}),
    "csrss": frozenset({"smss", "svchost"}),
    "smss": frozenset({"system", "smss"}),
    "svchost": frozenset(
        {"services", "msmpeng", "svchost", "mrt", "rpcnet", "ngen", "tiworker", "mpcmdrun"}
    ),
    "userinit": frozenset({"winlogon", "dwm"}),
    "taskhost": frozenset({"services", "svchost"}),
    "taskhostw": frozenset({"svchost"}),
    "logonui": frozenset({"winlogon", "wininit"}),
}
_COMPANIONS = frozenset({"conhost", "werfault", "wermgr", "splwow64", "lsass", "csrss"})
#: Functions of libraries of Windows that start whatever they are given, and a job's own command.
_PROXY = re.compile(
    r"(?i)\b(?:(?:shdocvw|ieframe|url|zipfldr|advpack|ieadvpack|pcwutl|shell32|desk|setupapi|syssetup|"
    r"mshtml|dfshim|davclnt|scrobj|comsvcs)(?:\.dll)?[\"']?\s{0,3},\s{0,3}(?:openurl\w?|"
    r"fileprotocolhandler\w?|routethecall|registerocx|launchapplication|shellexec_rundll\w?|"
    r"launchinfsection\w{0,2}|installscreensaver|installhinfsection|setupinfobjectinstallaction|"
    r"shopenverbapplication|davsetcookie|generatetypelib)|setnotifycmdline)\b"
)
#: How an installer runs the .NET code of a package, which lies where only administrators write.
_INSTALLER = re.compile(
    r"(?i)^\"?(?:c:\\windows\\(?:system32|syswow64)\\)?rundll32(?:\.exe)?\"?\s+\"?c:\\windows\\installer\\"
    r"msi[0-9a-f]{1,8}\.tmp\"?,zzzzinvokemanagedcustomactionoutofproc\s+sfxca_\d+\s+\d+\s+[\w.!+-]+\s*$"
)
#: How the shell serves classes of its own to other programs, as Windows starts it for them.
_SHELL_SERVER = re.compile(
    r"(?i)^\"?c:\\windows\\(?:system32|syswow64)\\rundll32\.exe\"?\s+shell32\.dll,"
    r"shcreatelocalserverrundll\s+\{[0-9a-f-]{36}\}\s+-embedding\s*$"
)
_BLANK_FOLDER = re.compile(r"\\windows \\|\\system32 \\|\\program files \\")
_SHELLS = frozenset({"cmd", "powershell", "pwsh"})
#: What makes a command worth a look where a runner or a writable place is joined by one more fact.
_BACKING = frozenset(
    {Trait.DECODE, Trait.DECOMPRESS, Trait.MEMORY_API, Trait.REGISTRY_READ, Trait.WMI_WRITE,
     Trait.EVENTLOG_WRITE, Trait.USER_WRITABLE_TARGET, Trait.UNC_TARGET,
     Trait.EXECUTION_POLICY_BYPASS, Trait.REGISTRY_WRITE}
)  # fmt: skip


def process_fact(
    watch: Watch, *, image: str, command: str, parent: str = "", parent_command: str = "",
    original: str = "", product: str = "", processes: tuple[str, ...] = (),
    parents: tuple[str, ...] = (), user: str | None = None, act: str = "process-start",
) -> Fact | None:  # fmt: skip
    """The fact of a start, ``None`` when nothing about it is out of the ordinary."""
    found = start_traits(image, command, parent, original, product)
    if not found:
        return None
    shown = fields(
        ("image", image), ("command", command[:COMMAND_MAX]), ("parent", parent),
        ("parent_command", parent_command[:COMMAND_MAX]), ("original", original),
    )  # fmt: skip
    return Fact(act, shown, found, ("image", "command", "parent"), processes, parents, user)


@lru_cache(maxsize=4096)
def start_traits(
    image: str, command: str, parent: str, original: str = "", product: str = ""
) -> tuple[str, ...]:
    """What is out of the ordinary about a start; empty when nothing is."""
    found = set()
    if _PROXY.search(command):
        found.add("proxy")
    severity = (
        None
        if _INSTALLER.search(command) and name(parent) == "msiexec"
        else (command_severity(command))
    )
    if severity is not None:
        found.add("command")
    found.update(relation_traits(image, command, parent))
    if written_places(command):
        found.add("registry-command")
    if _renamed(image, original) or _moved(image, original, product):
        found.add("renamed")
    if _BLANK_FOLDER.search(plain(image)):
        found.add("false-folder")
    return ordered(found)


def written_places(command: str) -> tuple[Place, ...]:
    """The places of the Registry that run code or guard the system, and that a command writes."""
    low = command.lower()
    if "hk" not in low or not any(word in low for word in ("reg", "itemproperty", "new-item")):
        return ()
    found = (
        place
        for one in judge_command(command).registry
        if one.access == "write"
        for place in place_of(f"{one.key}\\{one.value or ''}")
        if place.when != AUTOSTART
    )
    return tuple(dict.fromkeys(found))


def relation_traits(image: str, command: str, parent: str) -> tuple[str, ...]:
    """What parent and child say of each other."""
    shell = has_role(image, "shell")
    found = set()
    if shell and has_role(parent, "office"):
        found.add("document-child")
    if shell and has_role(parent, "server"):
        found.add("server-child")
    if has_role(parent, "wmi") and (shell or name(parent) == "scrcons"):
        found.add("wmi-child")
    hosted = has_role(parent, "browser") and "-extension://" in command  # native messaging
    if name(image) in _SHELLS and has_role(parent, "script-host", "browser", "reader"):
        found.update(() if hosted else ("script-child",))
    if name(image) in _SHELLS and name(parent) == "services":
        found.add("service-child")
    if has_role(parent, "remote-host") and name(image) != "conhost":
        found.add("remote-child")
    embedded = has_role(image, "script-host") and "-embedding" in command.lower()
    if embedded and not _SHELL_SERVER.search(command):
        found.add("remote-object")
    if has_role(parent, "childless") and of_windows(parent) and name(image) not in _COMPANIONS:
        found.add("childless-parent")
    if _false_parent(image, parent):
        found.add("false-parent")
    alone = command.strip() != "" and _alone(command)
    windowless = of_windows(parent) and name(parent) not in _INTERACTIVE
    if name(image) in _SHELLS and alone and windowless:
        found.add("bare-shell")
    if has_role(image, "bare") and of_windows(image) and alone and _tells(parent):
        found.add("bare")
    return ordered(found)


def _tells(parent: str) -> bool:
    """Whether the parent is known, and not one that starts Windows' own services so.

    Defender starts a service host without arguments, and empties it for what it examines.
    """
    if parent.strip("-? ") == "" or name(parent) in ("services", "smss"):
        return False
    return name(parent) != "msmpeng" or (user_place(parent) and not installed(parent))


def _alone(command: str) -> bool:
    """Whether a command line is a program without arguments."""
    text = command.strip()
    if text.startswith('"'):
        return text.partition('"')[2].partition('"')[2].strip() == ""
    ended = re.match(r"(?i)^.*?\.(?:exe|com)(?=\s|$)", text)
    rest = text[ended.end() :] if ended is not None else text.partition(" ")[2]
    return rest.strip() == ""


def _false_parent(image: str, parent: str) -> bool:
    """Whether a core process of Windows was started by something else than always."""
    usual = _PARENTS.get(name(image))
    if usual is None or not of_windows(image) or parent.strip("-? ") == "":
        return False
    return name(parent) not in usual


def _moved(image: str, original: str, product: str) -> bool:
    """Whether a program of Windows was copied to where users write, under another name."""
    if (
        not product.startswith("Microsoft")
        or "Windows" not in product
        or original.strip("-? ") == ""
    ):
        return False
    return user_place(image) and name(image) != name(original)


def _renamed(image: str, original: str) -> bool:
    """Whether a program of Windows that runs what it is told goes by another name."""
    if original in ("", "?", "-") or not has_role(original, "shell", "script-host"):
        return False
    own, real = name(image), name(original)
    aliases = {"powershell_ise": "powershell", "hhw": "hh", "net1": "net"}
    same = own == real or own.startswith(real) or aliases.get(own) == real
    return not same and plain(image) != ""


def command_severity(command: str) -> Severity | None:
    """How bad a command line is by itself; ``None`` for what administration shows every day."""
    if len(command) < 4 or is_dull(command):
        return None
    # Most commands of a log differ from one another in numbers only, and are none to speak of.
    like = alike(command)
    if like != command and _severity(like) is None:
        return None
    return _severity(command)


@lru_cache(maxsize=8192)
def _severity(command: str) -> Severity | None:
    return severity_of(judge_command(command))


def severity_of(found: Command) -> Severity | None:
    """By its traits: a harmful one, two suspect ones, or one that something backs."""
    traits = set(found.traits)
    if Trait.CARRIES_PAYLOAD in traits:
        return Severity.CRITICAL
    if traits & HARMFUL - {Trait.OBFUSCATED, Trait.MINIDUMP, Trait.RUNS_ENVIRONMENT}:
        return Severity.HIGH
    suspect = traits & SUSPECT - {Trait.MASQUERADE}
    strong = suspect & {Trait.IEX, Trait.ENCODED_COMMAND, Trait.SCRIPTLET, Trait.ODD_ENDING}
    if Trait.OBFUSCATED in traits and (suspect or traits & _BACKING):
        return Severity.HIGH
    if len(suspect) >= 3 or (strong and len(suspect) >= 2):
        return Severity.HIGH
    if traits & HARMFUL or strong or len(suspect) >= 2 or Trait.WMI_WRITE in traits:
        return Severity.MEDIUM
    runs = found.role != "" or bool(found.starts)
    if suspect and runs and traits & (_BACKING | {Trait.URL_TARGET}):
        return Severity.MEDIUM
    return None
