"""A variable makes programs start with code from a volatile place, or with its own.

What it looks for
-----------------
``BASH_ENV``, ``ENV``, ``PYTHONSTARTUP``, ``PERL5OPT``, ``RUBYOPT``, ``NODE_OPTIONS``,
``LD_PRELOAD``, ``GCONV_PATH``, ``GIT_SSH_COMMAND`` and their kin with a path in shared memory,
below ``/run``, on a mount in memory or of a descriptor; and those that hold code themselves
(``BASH_ENV='$(...)'``, ``NODE_OPTIONS='--import data:...'``, ``LUA_INIT``, ``PERL5DB``). A process
that does not itself read the variable hands it to its children: medium.

Why it matters
--------------
The program runs that before the script that its command line shows; nothing on disk and nothing in
the arguments says so.

What else looks like this
-------------------------
CI systems set such variables to files in their work directories, on disk or in ``/tmp``: left out.
Datadog and other agents point them below ``/opt``, NixOS its libraries below
``/run/opengl-driver``.

How to check by hand
--------------------
``tr '\\0' '\\n' < /proc/PID/environ | grep ^NAME=; ls -l FILE``

References
----------
* https://attack.mitre.org/techniques/T1574/
* bash(1), BASH_ENV; python(1), PYTHONSTARTUP; perlrun(1), PERL5OPT; ld.so(8), LD_PRELOAD
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import quoted
from triage.content.patterns import lazy
from triage.model import Confidence, Evidence, Process, Severity
from triage.predicates.environment import inherited_from, variables
from triage.scene import MEMORY_FS_TYPES, Scene, volatile_place, without_deleted

_ANYBODY = ("",)
_SHELLS = ("bash", "sh", "dash", "ksh", "mksh", "ash", "busybox", "zsh")
_READ_BY: dict[str, tuple[str, ...]] = {
    "BASH_ENV": ("bash", "sh"), "ENV": ("sh", "dash", "ksh", "mksh", "ash", "busybox"),
    "ZDOTDIR": ("zsh",), "PS4": _SHELLS, "PROMPT_COMMAND": _SHELLS,
    "PYTHONSTARTUP": ("python", "pypy"), "PYTHONPATH": ("python", "pypy"),
    "PYTHONHOME": ("python", "pypy"), "PYTHONUSERBASE": ("python", "pypy"),
    "PERL5OPT": ("perl",), "PERL5LIB": ("perl",), "PERLLIB": ("perl",), "PERL5DB": ("perl",),
    "RUBYOPT": ("ruby",), "RUBYLIB": ("ruby",), "NODE_OPTIONS": ("node", "nodejs"),
    "NODE_PATH": ("node", "nodejs"), "JAVA_TOOL_OPTIONS": ("java",), "_JAVA_OPTIONS": ("java",),
    "JDK_JAVA_OPTIONS": ("java",), "CLASSPATH": ("java",), "PHP_INI_SCAN_DIR": ("php",),
    "PHPRC": ("php",), "LUA_INIT": ("lua",), "LUA_PATH": ("lua",), "LUA_CPATH": ("lua",),
    "R_PROFILE": ("R",), "R_PROFILE_USER": ("R",), "JULIA_LOAD_PATH": ("julia",),
    "DOTNET_STARTUP_HOOKS": ("dotnet",), "CORECLR_PROFILER_PATH": ("dotnet",),
    "GIT_SSH_COMMAND": ("git",), "GIT_SSH": ("git",), "GIT_EXEC_PATH": ("git",),
    "GIT_EXTERNAL_DIFF": ("git",), "GIT_PROXY_COMMAND": ("git",), "GIT_CONFIG_GLOBAL": ("git",),
    "SSH_ASKPASS": ("ssh",), "SUDO_ASKPASS": ("sudo",), "GIT_ASKPASS": ("git",),
    "VIMINIT": ("vim", "vi"), "EXINIT": ("vim", "vi", "ex"), "LESSOPEN": ("less",),
    "OPENSSL_CONF": _ANYBODY, "OPENSSL_ENGINES": _ANYBODY, "OPENSSL_MODULES": _ANYBODY,
    "LD_PRELOAD": _ANYBODY, "LD_AUDIT": _ANYBODY, "LD_LIBRARY_PATH": _ANYBODY,
    "GCONV_PATH": _ANYBODY,
}  # fmt: skip
_PATH = r"(/[^\s:;,'\"$`()|&]+)"
_ANY = lazy(rf"(?:(?<=-[A-Za-z])|(?<![\w.])){_PATH}")
# Of these variables only some options name code: a directory for temporary files is none.
_CODE = {
    "JAVA_TOOL_OPTIONS": lazy(rf"(?:-javaagent:|-agentpath:|-Xbootclasspath\S*?:|@){_PATH}"),
    "NODE_OPTIONS": lazy(
        rf"(?:--require|-r|--import|--(?:experimental-)?loader)[= ](?:file://)?{_PATH}"
    ),
}
_CODE["_JAVA_OPTIONS"] = _CODE["JDK_JAVA_OPTIONS"] = _CODE["JAVA_TOOL_OPTIONS"]
# Code in the variable itself: bash expands BASH_ENV as it does words in double quotes.
_OWN = {
    "BASH_ENV": lazy(r"\$\(|`"),
    "ENV": lazy(r"\$\(|`"),
    "NODE_OPTIONS": lazy(r"(?:--import|--(?:experimental-)?loader)[= ]data:"),
    "LUA_INIT": lazy(r"^(?!@).*(?:\bos\.execute|\bio\.popen|\bload(?:string)?\b|\brequire\b)"),
    "PERL5DB": lazy(r"\b(?:BEGIN|system|exec|eval|do|require)\b"),
    "PERL5OPT": lazy(r"-M\S*[;{(]|-d:\S*[;{(]"),
    "JAVA_TOOL_OPTIONS": lazy(r"-XX:On(?:OutOfMemory)?Error="),
    "VIMINIT": lazy(r"(?:^|\|)\s*:?(?:silent\S*\s+)?!|\bsystem\("),
    "EXINIT": lazy(r"(?:^|\|)\s*:?(?:silent\S*\s+)?!|\bsystem\("),
}
_PROC = lazy(r"/proc/(?:self|thread-self|\d+)/(?:fd|root|cwd)/|/dev/fd/")
_SEVERITY = {
    "shm": Severity.HIGH, "lock": Severity.HIGH, "descriptor": Severity.HIGH,
    "memory": Severity.HIGH, "run": Severity.MEDIUM,
}  # fmt: skip


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe is None:
        return
    program = posixpath.basename(without_deleted(process.exe))
    for name, value in variables(process):
        readers = _READ_BY.get(name)
        if readers is None:
            continue
        found = _own_code(name, value) or _leads(name, value, process, scene)
        if found is None:
            continue
        words, severity, verify = found
        if not program.startswith(readers):
            if severity is not Severity.HIGH:
                continue
            words = f"{program} hands it to what it starts: {words}"
            severity = severity.at_most(Severity.MEDIUM)
        facts = [f"{name}={value[:200]}", words]
        parent = inherited_from(process, f"{name}={value}", scene)
        if parent is not None and not (readers is not _ANYBODY and program.startswith(readers)):
            facts.append(f"inherited from pid {parent}")
            severity = Severity.INFO
        yield Evidence(tuple(facts), verify, severity)
        return


def _own_code(name: str, value: str) -> tuple[str, Severity, str] | None:
    pattern = _OWN.get(name)
    if pattern is None or pattern.search(value) is None:
        return None
    return "the variable itself is code", Severity.HIGH, ""


def _leads(
    name: str, value: str, process: Process, scene: Scene
) -> tuple[str, Severity, str] | None:
    """The first path of a value that leads to memory, to a volatile place or to a descriptor."""
    for match in _CODE.get(name, _ANY).finditer(value[:8192]):
        path = posixpath.normpath(match[1])
        place = _place(name, path, process, scene)
        if place is not None:
            severity = _SEVERITY.get(place, Severity.MEDIUM)
            return f"{path} is read at the start", severity, f"ls -l {quoted(path)}"
    return None


def _place(name: str, path: str, process: Process, scene: Scene) -> str | None:
    if _PROC.match(path):
        return "descriptor"
    place = volatile_place(path)
    if place in ("shm", "lock"):
        return place
    if place == "run":
        from triage.commands.places import volatile  # knows what packages keep below /run

        return "run" if volatile(path) == "run" and name not in _DIRECTORIES else None
    if place == "tmp":
        return "tmp" if name in ("LD_PRELOAD", "LD_AUDIT", "GCONV_PATH") else None
    if place is not None:
        return None
    mount = scene.mount_of(process.namespace("mnt"), path)
    if mount is None or mount.fs_type not in MEMORY_FS_TYPES or mount.point in ("/", "/dev"):
        return None
    return "memory"


# Of these a directory below /run is where distributions keep drivers and modules.
_DIRECTORIES = frozenset({"LD_LIBRARY_PATH", "OPENSSL_CONF", "SSH_ASKPASS", "GIT_ASKPASS"})


INDICATOR = Indicator(
    id="environment-startup",
    title="a variable makes programs start with code from a volatile place",
    family="environment-habits",
    techniques=("T1574", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="a launcher that you know puts its start-up file there",
    doc=__doc__,
)
