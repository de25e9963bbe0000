"""What a command or a script does, as facts: one trait each, from patterns of use, not of names.

A trait says what the text does, never how bad that is. :data:`HARMFUL` are those that ordinary
administration does not show; :data:`SUSPECT` are unusual by themselves and need a second fact; the
others only describe.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from enum import StrEnum

from triage.windows.environment import KNOWN, OF_USER


class Trait(StrEnum):
    """What a command line or a script does."""

    AMSI_TAMPER = "amsi_tamper"
    CARRIES_PAYLOAD = "carries_payload"
    JAVASCRIPT_URL = "javascript_url"
    MINIDUMP = "minidump"
    OBFUSCATED = "obfuscated"
    REFLECTIVE_LOAD = "reflective_load"
    REMOTE_SCRIPTLET = "remote_scriptlet"
    RUNHTMLAPPLICATION = "mshtml_runhtmlapplication"
    RUNS_EVENTLOG = "runs_what_it_reads_from_an_event_log"
    RUNS_REGISTRY = "runs_what_it_reads_from_the_registry"
    RUNS_WMI = "runs_what_it_reads_from_wmi"
    RUNS_ENVIRONMENT = "runs_what_it_reads_from_the_environment"
    RUNS_STREAM = "runs_what_it_reads_from_a_stream"
    SHELLCODE_RUNNER = "shellcode_runner"

    ADS_TARGET = "ads_target"
    DEVICE_TARGET = "device_target"
    DOWNLOAD = "download"
    ENCODED_COMMAND = "encoded_command"
    HIDDEN_WINDOW = "hidden_window"
    IEX = "iex"
    MASQUERADE = "masquerade"
    ODD_ENDING = "odd_ending"
    PADDED = "padded"
    SCRIPTLET = "scriptlet"
    UNUSUAL_PLACE = "unusual_place"
    URL_TARGET = "url_target"

    CLIPBOARD_READ = "clipboard_read"
    DECODE = "decode"
    DECOMPRESS = "decompress"
    ENVIRONMENT_READ = "environment_read"
    EVENTLOG_READ = "eventlog_read"
    EVENTLOG_WRITE = "eventlog_write"
    EXECUTION_POLICY_BYPASS = "execution_policy_bypass"
    FILE_READ = "file_read"
    INLINE_CODE = "inline_code"
    LONG = "long"
    MEMORY_API = "memory_api"
    NO_PROFILE = "no_profile"
    REGISTRY_READ = "registry_read"
    REGISTRY_WRITE = "registry_write"
    STREAM_READ = "stream_read"
    UNC_TARGET = "unc_target"
    USER_WRITABLE_TARGET = "user_writable_target"
    WMI_READ = "wmi_read"
    WMI_WRITE = "wmi_write"


_ORDER = tuple(Trait)
#: Ordinary administration shows none of these.
HARMFUL = frozenset(_ORDER[: _ORDER.index(Trait.ADS_TARGET)])
#: Unusual by themselves; two of them, or one in a place where programs start, is a finding.
SUSPECT = frozenset(_ORDER[_ORDER.index(Trait.ADS_TARGET) : _ORDER.index(Trait.CLIPBOARD_READ)])


def is_harmful(traits: Collection[Trait]) -> bool:
    """Whether traits, each once, say more than ordinary administration shows."""
    return not HARMFUL.isdisjoint(traits) or len(SUSPECT.intersection(traits)) >= 2


def _any(*expressions: str) -> re.Pattern[str]:
    return re.compile("(?i)" + "|".join(expressions))


#: A trait, signs of which one must occur (lower case; a cheap first test), and what it looks like.
_PATTERNS: tuple[tuple[Trait, tuple[str, ...], re.Pattern[str]], ...] = (
    (
        Trait.IEX,
        (
            "iex",
            "invoke-expression",
            "scriptblock",
            "invokescript",
            "execute",
            "eval",
            "newscript",
            "gcm",
            "get-command",
            "gal ",
            "get-alias",
            "nslookup",
            "curl",
            "iwr",
            "irm",
            "wget",
        ),
        _any(
            r"(?<![\w$\-.\\/])(?:iex|invoke-expression)(?![\w\-.\\])",
            r"[&.|(]\s{0,4}\(?\s{0,4}['\"](?:iex|invoke-expression)['\"]",
            r"\[scriptblock\]\s{0,2}::\s{0,2}create\s{0,2}\(",
            r"[&.]\s{0,4}\(\s{0,4}(?:gcm|get-command|gal|get-alias)\s{1,4}['\"]?[\w*?\[\]-]{0,24}[*?]",
            r"(?:^|[\s;|&(])[.&]\s{1,4}\(\s{0,4}(?:nslookup|curl|iwr|irm|wget)(?:\.exe)?\s",
            r"\binvokecommand\s{0,2}\.\s{0,2}(?:invokescript|newscriptblock)\b",
            r"(?<![\w.])execute(?:global)?\s{0,2}[( ]\s{0,4}(?=\w+\(|\"|')",
            r"(?<![\w.$\-])eval\s{0,2}\(",
        ),
    ),
    (
        Trait.DOWNLOAD,
        (
            "download",
            "invoke-webrequest",
            "iwr",
            "invoke-restmethod",
            "irm",
            "bitstransfer",
            "xmlhttp",
            "winhttp",
            "openread",
            "urlcache",
            "verifyctl",
            "bitsadmin",
            "curl",
            "wget",
            "getstringasync",
            "getbytearrayasync",
            "nslookup",
        ),
        _any(
            r"\.\s{0,2}['\"]?download(?:string|data|file)(?:async|taskasync)?['\"]?\s{0,2}[.(]",
            r"(?<![\w$\-.\\/])(?:invoke-webrequest|invoke-restmethod|iwr|irm)(?![\w\-.\\])",
            r"(?<![\w\-])start-bitstransfer(?![\w\-])|\bbitsadmin(?:\.exe)?\b.{0,40}?/(?:transfer|addfile)",
            r"\b(?:msxml2\.(?:server)?xmlhttp|microsoft\.xmlhttp|winhttp\.winhttprequest)",
            r"\bnslookup(?:\.exe)?\b.{0,60}?-q(?:uery(?:type)?)?=txt\b",
            r"\burldownloadto(?:file|cachefile)|\.getstringasync\(|\.getbytearrayasync\(",
            r"\bcertutil(?:\.exe)?\b.{0,60}?[-/](?:urlcache|verifyctl|url\b)",
            r"(?<![\w\-])(?:curl|wget)(?:\.exe)?\s.{0,200}?(?:https?|ftp)://",
        ),
    ),
    (
        Trait.REFLECTIVE_LOAD,
        (
            "assembly",
            "appdomain",
            "dynamicassembly",
            "reflective",
            "domain",
            "getmethod",
            "entrypoint",
            ".load",
        ),
        _any(
            r"\[(?:system\.)?reflection\.assembly\]\s{0,2}::\s{0,2}['\"]?load['\"]?\s{0,2}[(.]\s{0,4}(?!\s*\\?['\"][\w.]{1,80}(?:,[^'\"]{0,120})?\\?['\"]\s{0,4}\))",
            r"\bassembly\]?\s{0,2}(?:::|\.)\s{0,2}load\s{0,2}\(\s{0,4}(?:\$|\[|\(|bytes|data|raw|convert)",
            r"\b(?:currentdomain|getdomain\(\))\s{0,2}\.\s{0,2}load\s{0,2}\(",
            r"\.\s{0,2}load\s{0,2}\(\s{0,4},?\s{0,2}\[byte\[\]\]",
            r"assembly\]\s{0,2}::\s{0,2}\(\s{0,4}['\"]load['\"]\s{0,4}\)\s{0,2}\.\s{0,2}invoke\s{0,2}\(",
            r"assembly\]\s{0,2}\.\s{0,2}getmethods?\s{0,2}\([^;]{0,160}?['\"]load['\"]",
            r"\bgetmethod\s{0,2}\(\s{0,4}['\"]load['\"]|\.\s{0,2}entrypoint\s{0,2}\.\s{0,2}invoke\s{0,2}\(",
            r"\bdefinedynamicassembly\b|\binvoke-reflectivepeinjection\b|\breflectiveloader\b",
        ),
    ),
    (
        Trait.AMSI_TAMPER,
        ("amsi", "etweventwrite", "etwprovider", "cachedgrouppolicysettings"),
        _any(
            r"\bamsiutils\b|\bamsiinitfailed\b|\bamsiscanbuffer\b|\bamsicontext\b|\betweventwrite\b",
            r"\bcachedgrouppolicysettings\b",
        ),
    ),
    (
        Trait.DECODE,
        (
            "base64",
            "-decode",
            "/decode",
            "decodehex",
            "fromhexstring",
            "toarray",
            "bin.hex",
            "securestringto",
        ),
        _any(
            r"\bsecurestringto(?:bstr|globalalloc(?:unicode|ansi)|cotaskmem(?:unicode|ansi))\b",
            r"\bfrombase64(?:string|chararray|transform)\b|\bbin\.base64\b|\bbin\.hex\b|"
            r"\bfromhexstring\b|\bcertutil(?:\.exe)?\b.{0,60}?[-/]decode(?:hex)?\b|\batob\s{0,2}\(",
        ),
    ),
    (
        Trait.DECOMPRESS,
        ("gzipstream", "deflatestream", "compression", "brotli"),
        _any(r"\b(?:gzip|deflate|brotli)stream\b"),
    ),
    (
        Trait.WMI_READ,
        ("wmi", "cim", "winmgmts"),
        _any(
            r"(?<![\w$\-])(?:gwmi|get-wmiobject|get-ciminstance|get-cimclass|gcim|gcls)(?![\w\-])",
            r"\[(?:system\.management\.)?(?:wmiclass|wmi|wmisearcher|managementclass|managementobject)\]",
            r"\bmanagement(?:class|object(?:searcher)?)\s{0,2}\(|\bwinmgmts:|\bswbemlocator\b",
            r"\bwmic(?:\.exe)?['\"]?\s",
        ),
    ),
    (
        Trait.WMI_WRITE,
        ("wmi", "cim", "commandlineeventconsumer", "activescripteventconsumer", "mofcomp"),
        _any(
            r"(?<![\w$\-])(?:set-wmiinstance|swmi|new-ciminstance|set-ciminstance|register-wmievent)(?![\w\-])",
            r"\b(?:commandlineeventconsumer|activescripteventconsumer)\b|\bmofcomp(?:\.exe)?\s",
        ),
    ),
    (
        Trait.EVENTLOG_READ,
        ("winevent", "eventlog", "wevtutil"),
        _any(
            r"(?<![\w$\-])(?:get-winevent|get-eventlog)(?![\w\-])|\bwevtutil(?:\.exe)?\s{1,4}(?:qe|query-events)",
            r"\beventlogreader\b|\bdiagnostics\.eventlog\]?\s{0,2}(?:::|\()",
        ),
    ),
    (
        Trait.EVENTLOG_WRITE,
        ("write-eventlog", "new-winevent", "writeentry", "eventcreate"),
        _any(
            r"(?<![\w$\-])(?:write-eventlog|new-winevent)(?![\w\-])|(?:\.|::)\s{0,2}writeentry\s{0,2}\(|\beventcreate(?:\.exe)?\s"
        ),
    ),
    (
        Trait.CLIPBOARD_READ,
        ("clipboard",),
        _any(r"(?<![\w$\-])get-clipboard(?![\w\-])|\bclipboard\]::gettext"),
    ),
    (
        Trait.FILE_READ,
        ("get-content", "gc ", "readall", "type ", "cat "),
        _any(
            r"(?<![\w$\-])(?:get-content|gc|cat|type)\s{1,4}(?!-)\S|\breadall(?:text|bytes|lines)\s{0,2}\("
        ),
    ),
    (
        Trait.STREAM_READ,
        ("-stream", "get-content", "gc ", "readall", "type ", "cat ", "more", "opentext"),
        _any(
            r"(?<![\w$\-])(?:get-content|gc|cat|type)\s[^;|{}\r\n]{0,300}?\s-stream\s{1,4}(?!['\"]?zone\.)\S",
            r"(?<![\w$\-])(?:get-content|gc|cat|type|more)\s[^;|{}\r\n]{0,100}?"
            r"(?:\b[a-z]:|%|\$\w{1,30}|\$\{?env:\w{1,30}\}?|\.)[\\/][^\s;|{}:\"']{1,250}:"
            r"(?!zone\.|:|[\\/])[\w.$]{1,60}",
            r"\b(?:readall(?:text|bytes|lines)|opentext(?:file)?)\s{0,2}\(\s{0,2}['\"]"
            r"[a-z]:[^:'\"]{1,250}:(?!zone\.)[\w.$]{1,60}['\"]",
        ),
    ),
    (
        Trait.JAVASCRIPT_URL,
        ("script",),
        _any(r"(?:^|[\s\"'(,=])['\"]?(?:javascript|vbscript|jscript|livescript)\s{0,4}:(?!\s*$)"),
    ),
    (
        Trait.RUNHTMLAPPLICATION,
        ("mshtml", "runhtmlapplication"),
        _any(r"\bmshtml(?:\.dll)?['\"]?\s{0,4},\s{0,4}(?:#\+?0*135\b|\w*runhtmlapplication)"),
    ),
    (
        Trait.MINIDUMP,
        ("comsvcs", "minidump", "procdump"),
        _any(
            r"\bcomsvcs(?:\.dll)?['\"]?\s{0,4},?\s{0,4}(?:minidump\w?\b|#[+-]?0*24\b)",
            r"\bminidumpwritedump\b|\bprocdump(?:64)?(?:\.exe)?\b.{0,60}?\blsass",
        ),
    ),
    (
        Trait.HIDDEN_WINDOW,
        ("hidden", "--headless", ".run", "createnowindow"),
        _any(
            r"-windowstyle\s{1,4}['\"]?(?:hidden|h\b|1\b)|\bwindowstyle\s{0,2}=\s{0,2}['\"]?hidden",
            r"\bconhost(?:\.exe)?['\"]?\s{1,4}--headless",
            r"\.run\s{0,2}\(?\s{0,2}.{1,600}?,\s{0,4}(?:0|vbhide)\s{0,4}(?:[,)]|$)",
            r"\bcreatenowindow\s{0,2}=\s{0,2}\$?true",
        ),
    ),
    (
        Trait.SCRIPTLET,
        ("scrobj", "script:"),
        _any(r"\bscrobj(?:\.dll)?\b|(?:^|[\s\"'(,=:])script:(?=https?:|\w:|\\|\.|file|%|//)"),
    ),
    (
        Trait.REMOTE_SCRIPTLET,
        ("/i:", "-i:", "script:", "scrobj"),
        _any(
            r"(?:^|[\s\"'(,=:])script:['\"]?(?:https?:|ftp:|\\\\|//)",
            r"[-/]i:['\"]?(?:https?|ftp):.{1,300}?scrobj|\bscrobj\b.{1,300}?[-/]i:['\"]?(?:https?|ftp):",
            r"\bgetobject\s{0,2}\(\s{0,2}['\"]script:",
        ),
    ),
)
_MEMORY = re.compile(
    r"(?i)\b(virtualalloc(?:ex)?|virtualprotect(?:ex)?|writeprocessmemory|ntwritevirtualmemory|"
    r"createremotethread(?:ex)?|createthread|ntcreatethreadex|queueuserapc|rtlmovememory|"
    r"ntmapviewofsection|getdelegateforfunctionpointer|ntallocatevirtualmemory|heapcreate|"
    r"enumsystemlocales[aw]?|getprocaddress)\b"
)
#: The engine's own assembly or types of it, their private members, and something written there.
_ENGINE = re.compile(
    r"(?i)\[(?:ref|psobject|psvariable|powershell|pscredential|management\.automation\.[\w.]{1,80}|"
    r"system\.management\.automation\.[\w.]{1,80})\]\s{0,2}\.\s{0,2}['\"]?assembly\b|"
    r"\[scriptblock\]\s{0,2}\.\s{0,2}['\"]?getfields?\b|"
    r"gettype['\"]?\s{0,2}(?:\.\s{0,2}invoke\s{0,2})?\(\s{0,2}['\"]system\.management\.automation\b"
)
_PRIVATE = re.compile(
    r"(?i)\bgetfields?\b['\"]?\s{0,2}(?:\.\s{0,2}invoke\s{0,2})?\([^;]{0,200}?(?:nonpublic|\$|\b(?:36|40|44|60|62)\b)"
)
_CHANGES = re.compile(
    r"(?i)\.\s{0,2}['\"]?setvalue\b|\bmarshal\]\s{0,2}::\s{0,2}['\"]?(?:copy|write\w{3,10})\b"
)
_ENVIRONMENT = re.compile(
    r"(?i)\$\{?env:(\w{1,60})|\bgetenvironmentvariable\s{0,2}\(\s{0,2}['\"](\w{1,60})|"
    r"\bgci\s{1,4}env:(\w{1,60})|(?<!\w)env:\\?(\w{1,60})|"
    r"\.environment\(\s{0,2}['\"](?:user|process|system|volatile)['\"]\s{0,2}\)\s{0,2}\(\s{0,2}['\"](\w{1,60})"
)
_PERCENT = re.compile(r"%([A-Za-z_]\w{0,60})%")
#: Variables that Windows or its logon sets and that hold no code.
_ORDINARY = frozenset(
    {*KNOWN, *OF_USER, "path", "username", "computername", "userdomain", "logonserver", "date",
     "userdnsdomain", "sessionname", "homeshare", "time", "errorlevel", "random", "cd", "prompt",
     "number_of_processors", "processor_identifier", "processor_revision", "processor_level",
     "clientname", "processor_architew6432", "driverdata", "psexecutionpolicypreference",
     "__pslockdownpolicy", "chocolateyinstall", "java_home", "onedrivecommercial", "windowsdir",
     "onedriveconsumer", "userdomain_roamingprofile", "dotnet_root", "wsl_distro_name",
     "clientroot", "pscommandpath"}
)  # fmt: skip


def traits_of(text: str) -> set[Trait]:
    """The traits of a text that has no noise any more. Linear; looks at the first MiB."""
    text = text[: 1 << 20]
    low = text.lower()
    found = {
        trait
        for trait, signs, pattern in _PATTERNS
        if any(sign in low for sign in signs) and pattern.search(text) is not None
    }
    found |= set(_memory(text))
    if unknown_variables(text):
        found.add(Trait.ENVIRONMENT_READ)
    if "getfield" in low and _blinds(text):
        found.add(Trait.AMSI_TAMPER)
    return found


def _blinds(text: str) -> bool:
    """Whether private fields of the PowerShell engine are written: by whatever name they go, what
    is kept there says what is scanned and logged.
    """
    return all(pattern.search(text) is not None for pattern in (_ENGINE, _PRIVATE, _CHANGES))


def signs() -> Iterator[str]:
    """Words in lower case of which a text with a trait has at least one."""
    for _, words, _ in _PATTERNS:
        yield from words
    yield from ("virtual", "process", "thread", "userapc", "movememory", "section", "delegate")
    yield from ("heapcreate", "locales", "getprocaddress", "env:", "environment", "getfield")


def _memory(text: str) -> Iterator[Trait]:
    """Functions that make memory run. Two different ones in a script are a runner."""
    names = {re.sub(r"ex$|[aw]$", "", match.group(1).lower()) for match in _MEMORY.finditer(text)}
    if names:
        yield Trait.MEMORY_API
    makes = {n for n in names if "alloc" in n or "protect" in n or n in ("heapcreate",)}
    runs = {n for n in names if n not in makes and n not in ("getprocaddress", "rtlmovememory")}
    if (makes and runs) or ("ntmapviewofsection" in names and len(names) > 1):
        yield Trait.SHELLCODE_RUNNER


def unknown_variables(text: str) -> tuple[str, ...]:
    """Names of environment variables that a script reads and that Windows does not set."""
    names = [
        next(group for group in match.groups() if group is not None).lower()
        for match in _ENVIRONMENT.finditer(text)
    ]
    return tuple(sorted(set(names) - _ORDINARY))


def percent_variables(line: str) -> tuple[str, ...]:
    """The same for the ``%NAME%`` of a command line."""
    names = {match.group(1).lower() for match in _PERCENT.finditer(line)}
    return tuple(sorted(names - _ORDINARY))


_RUNS_READ = (
    (Trait.REGISTRY_READ, Trait.RUNS_REGISTRY),
    (Trait.WMI_READ, Trait.RUNS_WMI),
    (Trait.EVENTLOG_READ, Trait.RUNS_EVENTLOG),
    (Trait.ENVIRONMENT_READ, Trait.RUNS_ENVIRONMENT),
    (Trait.STREAM_READ, Trait.RUNS_STREAM),
)
_RUNS = frozenset({Trait.IEX, Trait.REFLECTIVE_LOAD, Trait.SHELLCODE_RUNNER, Trait.ENCODED_COMMAND})


def joined(traits: set[Trait]) -> set[Trait]:
    """With what follows from several together: what is read somewhere and run at once."""
    more = {after for before, after in _RUNS_READ if before in traits and traits & _RUNS}
    if Trait.WMI_READ in traits and not traits & {Trait.DECODE, Trait.REFLECTIVE_LOAD}:
        more.discard(Trait.RUNS_WMI)  # scripts ask WMI for many things that are not code
    return traits | more
