"""What an analyst acts on: addresses, paths, registry and WMI references, telling idioms.

Clues are kept as they were written; :func:`defang` makes them safe to show. A word alone never
decides anything here or elsewhere: clues describe a layer that structure has already named.
All patterns are linear: possessive, bounded repetition and no nested ambiguity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from triage.content.kinds import family
from triage.content.patterns import lazy
from triage.content.runs import marks, spans, wide_spans
from triage.model import Clue, Layer
from triage.records import dataclass

_LARGEST = 2 << 20
_PER_KIND = 24
_PER_LAYER = 96
_SHOWN = 400
_BEFORE, _AFTER = 100, 600
#: What is there more often than this is shown by its first occurrences.
_MOST_PLACES = 4000


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of clue: what it looks like; ``signs`` are words that must occur (lower case)."""

    kind: str
    expression: re.Pattern[str]
    signs: tuple[str, ...] = ()


def _pattern(kind: str, expression: str, *signs: str) -> Pattern:
    return Pattern(kind, lazy(expression, re.IGNORECASE), signs)


_TLD = (
    r"(?:com|net|org|info|biz|io|ru|cn|de|uk|fr|nl|eu|xyz|top|site|online|club|shop|live|pro|"
    r"me|cc|tk|ml|ga|cf|gq|in|br|jp|kr|ir|ua|pl|it|es|ch|se|no|us|ca|au|tv|ws|su|onion|app|"
    r"dev|cloud|space|tech|store|link|pw|to|la|sh|test|example|invalid|local)"
)

PATTERNS: tuple[Pattern, ...] = (
    _pattern(
        "url",
        r"\b(?:https?|ftps?|wss?|tcp|udp|ldaps?|smb|file)://[^\s'\"<>()\[\]{}|\\^`\x00-\x1f]{3,300}+",
        "://",
    ),
    _pattern("url", r"/dev/(?:tcp|udp)/[\w.\-]{1,255}+/[0-9$\w]{1,16}+", "/dev/tcp", "/dev/udp"),
    _pattern(
        "unc", r"(?<![\\\w])\\\\[\w.\-]{2,63}(?:@(?:ssl|[0-9]{2,5}))?\\[\w$.\-]{1,80}+", "\\\\"
    ),
    _pattern("email", r"\b[\w.+\-]{1,64}@(?:[\w\-]{1,63}\.){1,4}[a-z]{2,12}\b", "@"),
    _pattern(
        "registry",
        r"\b(?:HKLM|HKCU|HKCR|HKU|HKCC|HKEY_[A-Z_]{5,20}):{0,2}\\[^\s'\"<>|,;)\x00]{1,250}+",
        "hk",
    ),
    _pattern("registry", r"\bregistry::[^\s'\"<>|,;)]{3,250}+", "registry::"),
    _pattern(
        "registry",
        r"\b(?:gp|gpv|sp|Get-ItemProperty(?:Value)?|Set-ItemProperty|New-ItemProperty|"
        r"RegRead|RegWrite|OpenSubKey|CreateSubKey|GetStringValue|GetBinaryValue|"
        r"RegOpenKey(?:Ex)?[AW]?|RegQueryValue(?:Ex)?[AW]?|RegSetValue(?:Ex)?[AW]?)\b[\s(]{1,4}[^\r\n;|]{2,160}",
        "gp ",
        "gp(",
        "gpv ",
        "sp ",
        "sp(",
        "itemproperty",
        "regread",
        "regwrite",
        "regopen",
        "regquery",
        "regset",
        "subkey",
        "getstringvalue",
        "getbinaryvalue",
    ),
    _pattern("wmi", r"\bwinmgmts:[^\s'\",;)]{0,160}+", "winmgmts"),
    _pattern(
        "wmi",
        r"\broot[\\/](?:cimv2|subscription|default|wmi|securitycenter2?|standardcimv2)\b(?::[\w]{1,80})?+",
        "root",
    ),
    _pattern(
        "wmi",
        r"\b(?:__EventFilter|__FilterToConsumerBinding|CommandLineEventConsumer|"
        r"ActiveScriptEventConsumer|__IntervalTimerInstruction|__InstanceModificationEvent|"
        r"__InstanceCreationEvent|Win32_[A-Za-z_]{3,40}|Set-WmiInstance|Get-WmiObject|gwmi|"
        r"Invoke-WmiMethod|Invoke-CimMethod|Get-CimInstance|SWbemLocator)\b",
        "eventfilter",
        "__filter",
        "eventconsumer",
        "__interval",
        "ationevent",
        "win32_",
        "wmi",
        "cim",
        "swbem",
        "__",
    ),
    _pattern("mutex", r"\b(?:Global|Local)\\[^\s'\"<>|\x00\\]{3,120}+", "global\\", "local\\"),
    _pattern(
        "mutex",
        r"\b(?:CreateMutex(?:Ex)?[AW]?|OpenMutex[AW]?|Threading\.Mutex)\b[\s(]{1,3}[^\r\n;]{2,100}",
        "mutex",
    ),
    _pattern(
        "command",
        r"\b(?:(?:powershell|pwsh|cmd|mshta|rundll32|regsvr32|wscript|cscript|certutil|bitsadmin|"
        r"wmic|schtasks|msbuild|installutil|regasm|msiexec|forfiles|curl|wget)(?:\.exe)?"
        r"[\"']?[ \t]{1,4}[\"']?(?:[-/]{1,2}[a-z?@]|(?:java|vb)script:|https?:|[$%]\w|[a-z]:\\|"
        r"\\\\|\.{1,2}[\\/]|[\w.\-]{1,60}+(?<=\.(?:js|ps)\w)\b|"
        r"[\w.\-]{1,60}+(?<=\.(?:vbs|vbe|wsf|hta|sct|dll|ocx|cpl|bat|cmd|exe|xml|inf|msi|jse))\b|"
        r"[\w\-]{1,60}\.(?:js\b|com/|net/|org/|io/|[0-9]{1,3}\.))|"
        r"(?:powershell|pwsh)(?:\.exe)?[ \t]{1,4}[\"']?(?:[&({]|iex\b|[a-z]{2,12}-[a-z])|"
        r"reg(?:\.exe)?[ \t]{1,4}(?:add|query|delete|save|load|import|export|copy|restore)[ \t]|"
        r"wmic(?:\.exe)?[ \t][^\r\n]{0,80}?\b(?:call|get|where|create|delete)\b)"
        r"[^\r\n\x00]{1,240}",
        "powershell",
        "pwsh",
        "cmd",
        "mshta",
        "rundll32",
        "regsvr32",
        "script",
        "certutil",
        "bitsadmin",
        "wmic",
        "schtasks",
        "msbuild",
        "installutil",
        "regasm",
        "msiexec",
        "forfiles",
        "curl",
        "wget",
        "reg ",
        "reg.exe",
    ),
    _pattern(
        "command",
        r"(?:^|[;|&`(\s])(?:nc|ncat|socat|bash|sh|python[23]?|perl|php|ruby|chmod|nohup|setsid|"
        r"base64|openssl|crontab|insmod|mkfifo|echo)[ \t]{1,4}"
        r"(?:-[a-z]{1,12}\b|[+]x|/tmp/|/dev/|/var/)"
        r"[^\r\n\x00]{0,200}",
        " -",
        "+x",
        "/tmp/",
        "/dev/",
        "/var/",
    ),
    _pattern(
        "path",
        r"(?<![\w/])(?:%[A-Za-z_()0-9]{2,30}%|\$env:[A-Za-z_]{2,30}|\b[a-z]:)\\[^\s'\"<>|*?,;)\x00]{2,200}+",
        ":\\",
        "%\\",
        "$env:",
    ),
    _pattern(
        "path",
        r"(?<![\w/.:\-])/(?:dev/shm|proc/(?:self|[0-9]{1,7})|tmp|var|etc|usr|opt|home|root|run|bin|sbin|"
        r"lib(?:64)?|boot|mnt|srv|sys|data)(?:/[\w.+@%~\-$]{1,80}+){1,12}+",
        "/dev/",
        "/proc/",
        "/tmp",
        "/var",
        "/etc",
        "/usr",
        "/opt",
        "/home",
        "/root",
        "/run",
        "/bin",
        "/sbin",
        "/lib",
        "/boot",
        "/mnt",
        "/srv",
        "/sys",
        "/data",
    ),
    _pattern(
        "reflective",
        r"\[(?:System\.)?Reflection\.Assembly\]::Load(?:File|From|WithPartialName)?|"
        r"\bAssembly\.Load\b|GetDelegateForFunctionPointer|\bDefineDynamicAssembly\b|"
        r"\bReflectiveLoader\b|Invoke-ReflectivePEInjection|\bUnsafeNativeMethods\b|"
        r"\bGetProcAddress\b[^\r\n]{0,40}\bhash|/proc/self/fd/|/proc/[0-9$]{1,12}+/fd/|"
        r"\bctypes\.(?:CDLL|memmove|CFUNCTYPE|windll)|\bdlopen\b[^\r\n]{0,40}/(?:proc|dev)/|"
        r"\bfexecve\b|\bmemfd:|\bexecveat\b",
        "reflect",
        "assembly",
        "getdelegate",
        "dynamicassembly",
        "unsafenative",
        "getprocaddress",
        "/proc/",
        "ctypes.",
        "dlopen",
        "fexecve",
        "memfd:",
        "execveat",
    ),
    _pattern(
        "bypass",
        r"\bAmsi(?:Utils|InitFailed|ScanBuffer|ScanString|Context|OpenSession|Initialize)\b|"
        r"\bamsi\.dll\b|\bEtwEventWrite\b|\bNtTraceEvent\b|\betwProvider\b|"
        r"\bScriptBlockLogging\b|\bEnableScriptBlockLogging\b|cachedGroupPolicySettings|"
        r"\bSet-MpPreference\b[^\r\n]{0,120}|\bHISTFILE=(?:/dev/null)?|\bunset\s{1,4}HIST[A-Z]{3,12}",
        "amsi",
        "etwe",
        "etwp",
        "nttraceevent",
        "scriptblock",
        "cachedgroup",
        "mppreference",
        "histfile",
        "unset hist",
        "unset  hist",
    ),
    _pattern(
        "api",
        r"\b(?:VirtualAlloc(?:Ex)?|VirtualProtect(?:Ex)?|WriteProcessMemory|ReadProcessMemory|"
        r"CreateRemoteThread(?:Ex)?|NtCreateThreadEx|RtlCreateUserThread|CreateThread|"
        r"NtAllocateVirtualMemory|NtWriteVirtualMemory|NtProtectVirtualMemory|NtMapViewOfSection|"
        r"ZwMapViewOfSection|NtUnmapViewOfSection|QueueUserAPC|SetThreadContext|"
        r"GetThreadContext|ResumeThread|OpenProcess|GetProcAddress|GetModuleHandle[AW]?|LoadLibrary(?:Ex)?[AW]?|"
        r"LdrLoadDll|LdrGetProcedureAddress|RtlMoveMemory|RtlDecompressBuffer|CreateProcess[AW]?|"
        r"WinExec|ShellExecute(?:Ex)?[AW]?|URLDownloadToFile[AW]?|InternetOpen(?:Url)?[AW]?|"
        r"HttpSendRequest[AW]?|WSAStartup|SetWindowsHookEx[AW]?|MiniDumpWriteDump|CryptDecrypt|"
        r"CryptUnprotectData|EnumSystemLocales[AW]?|CreateFiber|UuidFromString[AW]?|"
        r"memfd_create|mprotect|ptrace|process_vm_writev|process_vm_readv|fexecve|execveat|"
        r"shm_open|dlopen|dlsym|keyctl|add_key|init_module|finit_module|userfaultfd|pkey_mprotect)\b",
        "virtualalloc",
        "virtualprotect",
        "virtualmemory",
        "openprocess",
        "createprocess",
        "processmemory",
        "process_vm",
        "createthread",
        "remotethread",
        "userthread",
        "threadex",
        "threadcontext",
        "resumethread",
        "ntallocate",
        "ntwrite",
        "ntprotect",
        "mapview",
        "queueuserapc",
        "getprocaddress",
        "getmodulehandle",
        "loadlibrary",
        "ldr",
        "rtl",
        "winexec",
        "shellexecute",
        "urldownload",
        "internetopen",
        "httpsend",
        "wsastartup",
        "setwindowshook",
        "minidump",
        "cryptdecrypt",
        "cryptunprotect",
        "enumsystemlocales",
        "createfiber",
        "uuidfrom",
        "memfd_create",
        "mprotect",
        "ptrace",
        "fexecve",
        "execveat",
        "shm_open",
        "dlopen",
        "dlsym",
        "keyctl",
        "add_key",
        "pkey_",
        "init_module",
        "userfaultfd",
    ),
)

_IPV4 = lazy(
    r"[0-9](?<![\w.][0-9])[0-9]{0,2}\.(?:[0-9]{1,3}\.){2}[0-9]{1,3}(?![\w.]|\.[0-9])(?::[0-9]{2,5})?"
)
_DOMAIN = lazy(
    r"(?<![\w.@/\\$\-])(?:[a-z0-9][a-z0-9\-]{0,62}\.){1,5}" + _TLD + r"(?![\w\-(=\[]|\.\w)",
    re.IGNORECASE,
)
_ENDING = lazy(r"\.(?=[a-z])" + _TLD + r"(?![\w\-(=\[]|\.\w)", re.IGNORECASE)
_NAME = 256
_BENIGN_HOSTS = (
    "schemas.microsoft.com",
    "www.w3.org",
    "schemas.xmlsoap.org",
    "schemas.openxmlformats.org",
)
_NOT_DOMAINS = frozenset(
    {"system.net", "asp.net", "ado.net", "vb.net", "sys.io", "math.pro", "net.io"}
)


def clues_in(data: bytes, layer: Layer, number: int = 0) -> list[Clue]:
    """The clues of one layer, at most 24 of a kind and 96 in all, in a stable order.

    Text is searched as it is; in programs the readable strings, ASCII and UTF-16.
    """
    text = _text_of(data[:_LARGEST], layer)
    if len(text) < 6:
        return []
    found: dict[tuple[str, str], None] = {}
    lower = text.lower()
    for pattern in PATTERNS:
        if not pattern.signs or any(sign in lower for sign in pattern.signs):
            _add(found, pattern.kind, _matches(pattern, text, lower))
    if "." in text:
        _add(found, "ip", _addresses(text))
        _add(found, "domain", _domains(text, layer))
    return [Clue(kind, value, number) for kind, value in list(found)[:_PER_LAYER]]


def _add(found: dict[tuple[str, str], None], kind: str, values: Iterator[str]) -> None:
    room = _PER_KIND - sum(1 for known, _ in found if known == kind)
    for value in values:
        if room <= 0:
            return
        if (kind, value) not in found:
            found[kind, value] = None
            room -= 1


def _windows(signs: tuple[str, ...], lower: str) -> Iterator[tuple[int, int]]:
    """The parts of a text that are near one of the signs: matching elsewhere is in vain."""
    places = sorted({at for sign in signs for at in _places(sign, lower)})
    start = end = 0
    for at in places:
        if end and at - _BEFORE > end:
            yield start, end
            start = at - _BEFORE
        elif not end:
            start = max(0, at - _BEFORE)
        end = at + _AFTER
    if end:
        yield start, end


def _places(sign: str, lower: str) -> Iterator[int]:
    at = lower.find(sign)
    while at >= 0:
        yield at
        at = lower.find(sign, at + _AFTER // 2)


def _matches(pattern: Pattern, text: str, lower: str) -> Iterator[str]:
    for start, end in islice(_windows(pattern.signs, lower), _MOST_PLACES):
        yield from _matches_in(pattern, text, start, end)


def _matches_in(pattern: Pattern, text: str, start: int, end: int) -> Iterator[str]:
    for match in pattern.expression.finditer(text, start, end):
        value = match.group().strip(" \t\r\n;|&`(").rstrip(".,'\"")[:_SHOWN]
        if pattern.kind == "url" and any(host in value for host in _BENIGN_HOSTS):
            continue
        yield value


def _addresses(text: str) -> Iterator[str]:
    """Public and private IPv4 addresses; versions and masks are left out."""
    for match in islice(_IPV4.finditer(text), _MOST_PLACES):
        parts = match.group().partition(":")[0].split(".")
        if any(len(part) > 1 and part[0] == "0" for part in parts):
            continue
        first, second, third, fourth = map(int, parts)
        fits = max(second, third, fourth) < 256 and (third or fourth)
        if fits and 5 <= first < 224 and first != 127:
            yield match.group()


def _domains(text: str, layer: Layer) -> Iterator[str]:
    for match in _names(text):
        value = match.group()
        lower = value.lower()
        if lower in _NOT_DOMAINS or lower in _BENIGN_HOSTS or lower.startswith("system."):
            continue
        if family(layer.kind) == "script" and text[match.end() : match.end() + 1] == ".":
            continue
        yield value


def _names(text: str) -> Iterator[re.Match[str]]:
    """Host names: looked for only before the places where one can end."""
    done = 0
    for ending in islice(_ENDING.finditer(text), _MOST_PLACES):
        if ending.start() >= done:
            for match in _DOMAIN.finditer(
                text, max(done, ending.start() - _NAME), ending.end() + 1
            ):
                done = match.end()
                yield match


_READABLE = marks(b"\t" + bytes(range(32, 127)))
_LEAST, _LONGEST = 6, 400
_SEARCHED = frozenset(
    {"script", "text", "settings", "executable", "encoded", "document", "bytecode"}
)


def _text_of(data: bytes, layer: Layer) -> str:
    group = family(layer.kind)
    if group not in _SEARCHED and layer.kind != "data":
        return ""
    if (
        group in ("executable", "document", "bytecode")
        or layer.kind == "data"
        or b"\0" in data[:256]
    ):
        runs = _strings(data)
        return b"\n".join(runs).decode("ascii", "replace")
    if group == "encoded" and b" " not in data[:256]:
        return ""
    return data.decode("utf-8", "surrogateescape")


def _strings(data: bytes) -> list[bytes]:
    """Readable strings, ASCII and UTF-16, of at least six characters, cut into 400."""
    runs = [data[start:end] for start, end in spans(data, _READABLE, _LEAST)]
    runs += [data[start:end:2] for start, end in wide_spans(data, _READABLE, _LEAST)]
    return [run[at : at + _LONGEST] for run in runs for at in range(0, len(run), _LONGEST)]


# --- showing ----------------------------------------------------------------------------

_SCHEME = lazy(r"\b(h)tt(ps?)://|\b(f)t(ps?)://", re.IGNORECASE)
_HOST = lazy(r"(?<=://)[^/\s'\"?#]{1,255}")


def defang(value: str) -> str:
    """A clue that nobody can click: ``hxxp``, ``[.]`` in hosts and addresses, ``[@]``.

    The text is not otherwise made safe; show it through ``triage.printable.printable``.
    """
    value = re.sub(r"(?<=\w)@(?=\w)", "[@]", value)
    shown = _SCHEME.sub(lambda m: f"{m[1]}xx{m[2]}://" if m[1] else f"{m[3]}x{m[4]}://", value)
    shown = _HOST.sub(lambda m: m.group().replace("[.]", ".").replace(".", "[.]"), shown)
    shown = _IPV4.sub(lambda m: m.group().replace(".", "[.]"), shown)
    return _DOMAIN.sub(lambda m: m.group().replace(".", "[.]"), shown)
