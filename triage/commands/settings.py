"""Variables, aliases and the like that make other programs run or load something.

A start-up file need not run its payload: it is enough that ``PATH`` finds it first, that a pager or
a prompt is it, or that an interpreter's options load it. Each value is read for what its program
makes of it: a list of directories, a command for the shell, or options with paths in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from triage.commands.judge import PRELOADS, judge, preload
from triage.commands.places import SEVERITY, clean, volatile
from triage.commands.reasons import Reason
from triage.model import Severity
from triage.parsers.shell import Command, parse

#: Lists of directories in which programs are looked for.
_SEARCHED = frozenset({"PATH", "secure_path", "FPATH", "fpath", "MANPATH_MAP"})
#: What is run, by a shell or as it is.
_RUN = frozenset({
    "EDITOR", "VISUAL", "PAGER", "MANPAGER", "SYSTEMD_PAGER", "SYSTEMD_EDITOR", "GIT_PAGER",
    "GIT_EDITOR", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "SUDO_ASKPASS", "SSH_ASKPASS",
    "SUDO_EDITOR", "LESSOPEN", "LESSCLOSE", "BROWSER", "PROMPT_COMMAND", "PS0", "PS1", "PS4",
    "SHELL", "RSYNC_RSH", "CVS_RSH", "FCEDIT", "ENV", "PERL5DB", "TERMINAL",
    "KUBECTL_EXTERNAL_DIFF",
})  # fmt: skip
#: Options in which a path is code that an interpreter or a virtual machine loads.
_OPTIONS = frozenset({
    "NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS",
    "CATALINA_OPTS", "PERL5OPT", "RUBYOPT", "PHPRC", "PHP_INI_SCAN_DIR", "VIMINIT", "EXINIT",
    "DOTNET_STARTUP_HOOKS", "CORECLR_PROFILER_PATH", "GTK_MODULES", "GTK_PATH", "QT_PLUGIN_PATH",
    "GIO_EXTRA_MODULES", "OPENSSL_CONF", "OPENSSL_ENGINES", "ZDOTDIR", "GIT_EXEC_PATH",
    "GIT_TEMPLATE_DIR", "TERMINFO_MODULE", "PYTHONHOME", "LUA_INIT", "ERL_FLAGS", "R_PROFILE",
})  # fmt: skip
_PATH = re.compile(r"(?:^|[\s:=,;@\"']|-[IrR])(/[^\s:=,;\"']+)")
#: Of these only some options load code; others name logs and temporary files.
_JAVA = re.compile(
    r"(?:-javaagent:|-agentpath:|-Xbootclasspath[/ap]{0,2}:|-(?:cp|classpath)[ =]|(?:^|\s)@)"
    r"(/[^\s=,;:]+)"
)
_NODE = re.compile(
    r"(?:-r|--require|--import|--loader|--experimental-loader)[ =](?:file://)?(/[^\s\"']+)"
)
_LOADED = {
    "NODE_OPTIONS": _NODE, "JAVA_TOOL_OPTIONS": _JAVA, "_JAVA_OPTIONS": _JAVA,
    "JDK_JAVA_OPTIONS": _JAVA, "JAVA_OPTS": _JAVA, "CATALINA_OPTS": _JAVA,
}  # fmt: skip
_DIRECTORIES = frozenset({"/dev/shm", "/run/shm", "/tmp", "/var/tmp", "/run/lock", "/var/lock"})
_RUNTIME = re.compile(r"\$\{?XDG_RUNTIME_DIR\}?")
#: Without one of these a text sets nothing of the kind.
_WORTH = re.compile(
    r"/(?:dev|run|tmp|lock|shm)\b|_COMMAND|PAGER|EDITOR|PS[014]=|LESS|alias|exec=|RUNTIME"
)
_EXPORTS = frozenset({"export", "declare", "typeset", "readonly", "local", "setenv", "set"})
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_TEXT_MAX = 64 << 10


def of_setting(name: str, value: str) -> Iterator[Reason]:
    """Why a variable's value is notable."""
    value = _RUNTIME.sub("/run/user/0", value[:_TEXT_MAX].strip().strip("\"'"))
    if name in PRELOADS:
        yield from preload(name, value)
    elif name in _SEARCHED:
        yield from (_leads(name, part) for part in value.split(":") if _place(part) is not None)
    elif name in _RUN:
        yield from judge(value.lstrip("|- "))
        if name in ("SHELL", "EDITOR", "VISUAL", "PAGER", "ENV") and _place(value) is not None:
            yield _leads(name, value)
    elif name in _OPTIONS:
        loaded = _LOADED.get(name, _PATH).findall(value)
        yield from (_leads(name, path) for path in loaded if _place(path) is not None)


def of_text(text: str) -> Iterator[Reason]:
    """The same for what a shell's text sets: assignments, aliases, built-ins it loads, and
    programs whose arguments name a program or a directory of programs."""
    for command in parse(text) if _WORTH.search(text) else ():
        for name, value in command.assigned:
            yield from of_setting(name, value)
        if command.words:
            yield from _of_words(command)


def _of_words(command: Command) -> Iterable[Reason]:
    name, rest = command.words[0].rpartition("/")[2], command.words[1:]
    if name in _EXPORTS:
        for word in rest:
            match = _ASSIGNED.match(word)
            if match is not None:
                yield from of_setting(match[1], match[2])
    elif name == "alias":
        for word in rest:
            yield from judge(word.partition("=")[2])
    elif name == "enable" and "-f" in rest:
        yield from (_leads("enable -f", word) for word in rest if _place(word) is not None)
    elif name == "run-parts":
        yield from (_leads("run-parts", word) for word in rest if _place(word) is not None)
    elif name == "tar":
        for word in rest:
            action = word.partition("--checkpoint-action=exec=")[2]
            action = action or word.partition("--to-command=")[2]
            yield from judge(action) if action else ()


def _place(path: str) -> str | None:
    """Where a path leads, where no program is kept; ``None`` for other places.

    A directory counts here that a command may only name.
    """
    if not path.startswith("/"):
        return None
    real = clean(path)
    return volatile(f"{real}/x" if real in _DIRECTORIES else real)


def _leads(name: str, path: str) -> Reason:
    real = clean(path)
    severity = SEVERITY.get(_place(path) or "", Severity.MEDIUM)
    return Reason("volatile", f"{name} leads to {real}, in a volatile place", severity, real)
