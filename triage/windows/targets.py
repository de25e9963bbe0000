"""What a command runs or loads, and what its place and its name say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.windows.programs import clean_path, known_programs, name_of
from triage.windows.traits import Trait

_CODE = (
    r"exe|com|bat|cmd|ps1|psm1|psd1|vbs|vbe|js|jse|wsf|wsh|hta|sct|wsc|msc|cpl|scr|dll|ocx|sys|pif|"
    r"msi|msp|lnk|jar|py|pyw|chm|inf|xml|csproj|proj|xsl|application|drv|ax|node|tlb"
)
_NAMED = re.compile(rf"(?i)\.(?:{_CODE})(?=$|[\s,\"':;?#])")
_URL = re.compile(r"(?i)\b(?:https?|ftp|hxxps?|file|ms-appinstaller)://?[^\s\"'<>,;)]{2,300}")
_TOKEN = re.compile(r"\"([^\"]{1,1000})\"|'([^']{1,1000})'|([^\s\"']{1,1000})")
_PATHLIKE = re.compile(r"(?i)^(?:[a-z]:[\\/]|\\\\|\\\?\?\\|%\w+%|\.{1,2}[\\/]|[\w .-]+\\)")
_STREAM = re.compile(
    r"(?i)^(?:[a-z]:)?[^:*?\"<>|]{1,300}[^:*?\"<>|\\]:[^:\\/*?\"<>|]{1,120}(?::\$data)?$"
)
_DEVICE = re.compile(
    r"(?i)^\\\\(?:\.|\?)\\(?!unc\\|[a-z]:)|\\globalroot\\|\\device\\(?:harddisk|mup)|"
    r"harddiskvolumeshadowcopy"
)
_USER = re.compile(
    r"\\(?:users|documents and settings)\\|^c:\\programdata\\|%(?:temp|tmp|appdata|localappdata|"
    r"userprofile|public|programdata|allusersprofile)%|^(?:\\)?users\\|\\appdata\\"
)
_UNUSUAL = re.compile(
    r"\\(?:temp|tmp)\\|%(?:temp|tmp)%|\\users\\public\\(?!desktop)|%public%|\\perflogs\\|"
    r"\\\$recycle\.bin\\|\\recycler\\|\\windows\\(?:tasks|tracing|debug|fonts|help|media|"
    r"system32\\(?:spool\\drivers\\color|microsoft\\crypto|tasks|com\\dmp))\\[^\\]+$|"
    r"\\(?:music|pictures|videos|favorites|links|saved games|contacts|searches)\\[^\\]+$|"
    r"^c:\\(?:programdata|users\\[^\\]+|users\\[^\\]+\\appdata\\(?:roaming|local|locallow))\\[^\\]+$"
)
_HOSTED_ENDINGS = {
    "rundll32": frozenset({"dll", "cpl", "ocx", "exe", "drv", "ax", "tlb"}),
    "regsvr32": frozenset({"dll", "ocx", "ax", "cpl", "sct", "wsc", "tlb", "drv", "node"}),
}
#: Programs that Windows keeps in its own folders and that malware likes to be called.
_SYSTEM_NAMES = frozenset(
    {"svchost", "lsass", "csrss", "services", "winlogon", "smss", "wininit", "taskhostw",
     "taskhost", "spoolsv", "explorer", "dllhost", "conhost", "rundll32", "regsvr32", "cmd",
     "powershell", "wscript", "cscript", "mshta", "sihost", "ctfmon", "userinit", "logonui", "dwm",
     "fontdrvhost", "runtimebroker", "searchindexer", "wuauclt", "werfault", "lsm", "audiodg",
     "msdtc", "certutil"}
)  # fmt: skip
_SYSTEM_FOLDERS = re.compile(
    r"^(?:c:|\w:|%\w+%)?\\(?:windows|winnt|i386|%systemroot%)(?:\\|$)|^[^\\]*$|^\\device\\|"
    r"\\windowspowershell\\|\\powershell\\|^%systemroot%|^%windir%|\\windows\.old\\windows\\|"
    r"\\(?:sysnative|system32|syswow64|winsxs)\\"
)
_MOST = 24


def targets_of(program: str, arguments: str) -> tuple[str, ...]:
    """The program, then the files and addresses that its arguments name, at most 24, as written."""
    found = [program] if program else []
    found += (match.group() for match in _URL.finditer(arguments[: 1 << 14]))
    for match in _TOKEN.finditer(arguments[: 1 << 14]):
        token = next(group for group in match.groups() if group is not None)
        found += _files(token)
        if len(found) >= _MOST:
            break
    return tuple(dict.fromkeys(found))[:_MOST]


def _files(token: str) -> Iterator[str]:
    """The file of one argument; options like ``/i:x`` and ``dll,Function`` are cut."""
    if "://" in token:
        return
    text = re.sub(r"(?i)^[-/]{1,2}[\w?]{1,30}[:=]", "", token)
    if text.startswith(("-", "/")) and not _NAMED.search(text):
        return
    cut = _NAMED.search(text)
    if cut is not None and text[cut.end() : cut.end() + 1] in (",", "?", "#"):
        text = text[: cut.end()]
    elif "," in text:
        text = text.partition(",")[0]
    if _PATHLIKE.match(text) or _NAMED.search(text):
        yield text


def place_traits(targets: tuple[str, ...]) -> set[Trait]:
    """What the places of the targets say: user-writable, a stream, a share, the network, ..."""
    found: set[Trait] = set()
    for target in targets:
        if _URL.match(target):
            found.add(Trait.URL_TARGET)
            continue
        path = clean_path(target)
        if _DEVICE.search(target):
            found.add(Trait.DEVICE_TARGET)
        elif path.startswith("\\\\"):
            found.add(Trait.UNC_TARGET)
            if re.match(r"\\\\[^\\]+@(?:ssl|\d+)", path):
                found.add(Trait.URL_TARGET)  # WebDAV
        if _USER.search(path):
            found.add(Trait.USER_WRITABLE_TARGET)
        if _UNUSUAL.search(path):
            found.add(Trait.UNUSUAL_PLACE)
        if is_stream(target):
            found.add(Trait.ADS_TARGET)
    return found


def is_stream(target: str) -> bool:
    """Whether a path names an alternate data stream of a file."""
    text = target.strip().strip('"')
    if "://" in text or not ("\\" in text or "." in text) or not _STREAM.match(text):
        return False
    return not re.match(r"(?i)^[a-z_]{3,12}:[\\\w]", text)  # HKCU:\..., env:x, shell:y


def is_masquerade(program: str) -> bool:
    """Whether a program has the name of one of Windows' own and lies elsewhere."""
    path = clean_path(program)
    return name_of(program) in _SYSTEM_NAMES and not _SYSTEM_FOLDERS.search(path)


def odd_ending(name: str, arguments: str) -> bool:
    """Whether a program that loads libraries is given a file that is called otherwise."""
    usual = _HOSTED_ENDINGS.get(name)
    if usual is None:
        return False
    for match in _TOKEN.finditer(arguments[:2000]):
        token = next(group for group in match.groups() if group is not None)
        if token.startswith(("/", "-")):
            continue
        file = token.partition(",")[0].rpartition("\\")[2].strip()
        stem, dot, ending = file.rpartition(".")
        if name == "rundll32" and not dot:
            return False  # ``rundll32 shell32,Control_RunDLL``: .dll is added
        return bool(stem) and bool(dot) and ending.lower() not in usual
    return False


def known_role(name: str) -> tuple[str, str]:
    """(role, technique) of a program in the table; two empty texts for others."""
    known = known_programs().get(name)
    return ("", "") if known is None else (known.role, known.technique)
