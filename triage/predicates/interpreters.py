"""Programs that run other programs' text: interpreters and the dynamic loader.

The name of an executable is a reason to look at its arguments, never a verdict: what decides
is the inode an argument leads to. A name that is missing here costs a finding about a script, not
about a program.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from functools import lru_cache

from triage.content.patterns import lazy
from triage.model import Argument, Process

# name -> letters of the short options after which code or a module's name follows
_INLINE = {
    "python": "cm", "pypy": "cm", "perl": "eEM", "raku": "e", "ruby": "e", "lua": "e",
    "luajit": "e", "julia": "eE", "Rscript": "e", "node": "ep", "nodejs": "ep", "deno": "e",
    "bun": "e", "php": "rBE", "bash": "c", "dash": "c", "sh": "c", "zsh": "c", "ksh": "c",
    "mksh": "c", "ash": "c", "fish": "c", "busybox": "c", "toybox": "c", "tclsh": "c", "wish": "c",
    "expect": "c", "guile": "c", "java": "", "mono": "", "dotnet": "", "gawk": "", "mawk": "",
    "awk": "", "gjs": "c", "qjs": "e", "pwsh": "c", "csh": "c", "tcsh": "c", "rbash": "c",
    "yash": "c", "xonsh": "c", "ipython": "c", "micropython": "c", "elixir": "e", "escript": "",
    "groovy": "e", "ocaml": "e", "swipl": "gt", "racket": "e", "bpftrace": "e", "octave": "",
    "gnuplot": "e", "scala": "e", "runghc": "e", "ansible-playbook": "", "stap": "e", "jshell": "",
}  # fmt: skip
# name -> letters of the short options that take the next argument as their value
_VALUED = {
    "python": "WXQ", "perl": "I", "ruby": "I", "bash": "oO", "zsh": "o", "ksh": "o",
    "dash": "o", "sh": "o", "php": "cdz", "node": "C", "lua": "l", "gawk": "Fv", "mawk": "Fv",
    "awk": "Fv",
}  # fmt: skip
# name -> letters of the short options whose value is itself a program text to run
_PROGRAM_OPTIONS = {
    "gawk": "f", "mawk": "f", "awk": "f", "php": "fF", "expect": "f", "node": "r", "nodejs": "r",
    "ruby": "r",
}  # fmt: skip
_LONG_VALUED = frozenset({"--library-path", "--inhibit-rpath", "--argv0", "--audit"})
_LONG_PROGRAM = frozenset(
    {"--rcfile", "--init-file", "--require", "--import", "--loader", "--experimental-loader",
     "--file", "--exec", "--preload", "--config"}
)  # fmt: skip
_SHELLS = frozenset({"bash", "dash", "sh", "zsh", "ksh", "mksh", "ash", "rbash", "yash"})
_FROM_INPUT = _SHELLS | {
    "python", "pypy", "perl", "ruby", "lua", "luajit", "node", "nodejs", "php", "tclsh", "fish",
    "csh", "tcsh", "julia", "guile",
}  # fmt: skip
_DATA_FOLLOWS = frozenset({"gawk", "mawk", "awk", "php", "expect"})
_NODE = frozenset({"node", "nodejs", "bun", "deno"})
_BOXES = frozenset({"busybox", "toybox"})  # one program with the names of many
_CLASS_PATH = frozenset({"-cp", "-classpath", "--class-path", "-p", "--module-path"})
_JAVA_CODE = lazy(r"(?:-javaagent:|-agentpath:|-Xbootclasspath(?:/[ap])?:|@)(/[^=]*)")
_PHP_CODE = lazy(r"(?:auto_(?:prepend|append)_file|(?:zend_)?extension)=[\"']?(/[^\"']+)")
# Programs that are no interpreters and run the commands in a file -> the options that name it.
_RUNNERS = {
    "gdb": ("-x", "-ix", "-command", "--command", "-init-command", "--init-command"),
    "lldb": ("-s", "-S", "--source", "--source-before-file"),
    "vim": ("-S", "-u", "-s", "-U"), "vi": ("-S", "-u", "-s"), "nvim": ("-S", "-u", "-s", "-l"),
    "view": ("-S", "-u"), "ex": ("-S", "-u", "-s"), "vim.basic": ("-S", "-u", "-s"),
    "vim.tiny": ("-S", "-u", "-s"), "vim.nox": ("-S", "-u", "-s"), "gvim": ("-S", "-u", "-s"),
    "make": ("-f", "--file", "--makefile"), "gmake": ("-f", "--file", "--makefile"),
    "ssh": ("-F",), "scp": ("-F",), "sftp": ("-F", "-b"), "xargs": ("-a", "--arg-file"),
    "R": ("-f", "--file"),
    "emacs": ("-l", "--load", "--script", "-script"),
    "sbcl": ("--script", "--load", "--userinit"), "clisp": ("-i",), "sqlite3": ("-init", "--init"),
    "sed": ("-f", "--file"), "screen": ("-c",), "tmux": ("-f",), "psql": ("-f", "--file"),
    "erl": ("-config", "-boot", "-args_file", "-pa", "-pz"), "parallel": ("-a", "--arg-file"),
    "supervisord": ("-c", "--configuration"), "openvpn": ("--config", "--up", "--down"),
    "uwsgi": ("--ini", "--wsgi-file", "--yaml"), "nmap": ("--script",),
    "at": ("-f",), "batch": ("-f",), "ninja": ("-f",), "rake": ("-f",), "gulp": ("-f",),
}  # fmt: skip
# Of these the file holds settings or data that only may name a command.
_SETTINGS = frozenset({
    "ssh", "scp", "sftp", "xargs", "tmux", "screen", "psql", "sed", "parallel", "openvpn", "nmap",
    "sqlite3", "supervisord",
})  # fmt: skip
# Of these a plain word is a script, too, where it is the only one: openvpn(8).
_POSITIONAL = frozenset({"openvpn"})
_ODD_PLACES = ("/dev/", "/run/", "/proc/", "/var/lock/", "/var/run/", "/tmp/", "/var/tmp/")
_SHARED = ("/dev/shm", "/run/shm", "/run/lock", "/var/lock")
_VERSION = lazy(r"[-.]?\d[\d.]*(?:[-.]?\w{1,4})?$")
_LOADER = lazy(r"^(?:ld-linux[\w.-]*|ld-musl[\w.-]*|ld64?[-.][\w.-]*so[\w.]*|ld\.so)$")


def _name(exe: str) -> str:
    return posixpath.basename(exe.removesuffix(" (deleted)"))


@lru_cache(4096)
def is_loader(exe: str) -> bool:
    """Whether a path is that of a dynamic loader, by its name."""
    return _LOADER.match(_name(exe)) is not None


@lru_cache(4096)
def _plain_name(exe: str) -> str:
    """``python3.11`` is ``python``; a loader is ``ld.so``; unknown names stay as they are."""
    name = _name(exe)
    if is_loader(exe):
        return "ld.so"
    return name if name in _INLINE else _VERSION.sub("", name)


def runs_files(exe: str) -> bool:
    """Whether a path's name is that of an interpreter, or of a program that runs a file's text."""
    return is_interpreter(exe) or _plain_name(exe) in _RUNNERS


def runs_settings(exe: str) -> bool:
    """Whether what the program takes from a file is settings, which only may name a command."""
    return _plain_name(exe) in _SETTINGS


def is_interpreter(exe: str) -> bool:
    """Whether a path's name is that of an interpreter, a loader included."""
    name = _plain_name(exe)
    return name == "ld.so" or name in _INLINE


def script_index(exe: str, cmdline: Sequence[str]) -> int | None:
    """Which argument an interpreter takes for its program; ``None`` when it takes none."""
    return next(iter(script_indexes(exe, cmdline)), None)


def script_indexes(exe: str, cmdline: Sequence[str]) -> tuple[int, ...]:
    """Which arguments are, or hold, the paths of :func:`script_paths`."""
    return tuple(dict.fromkeys(index for index, _ in script_paths(exe, cmdline)))


def script_paths(exe: str, cmdline: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """(index of the argument, path in it) of what a program takes for code to run.

    That is its script and what it loads before, also where the path is part of an argument
    (``--require=F``, ``-fF``, ``-javaagent:F``). ``-c CODE`` and its kin take none, and neither
    does a program from standard input. Programs such as ``gdb -x F`` and ``make -f F`` count.
    """
    name, start = _applet(_plain_name(exe), cmdline)
    if name in _RUNNERS:
        return _options(cmdline, _RUNNERS[name], name in _POSITIONAL and len(cmdline) == 2)
    if name != "ld.so" and name not in _INLINE:
        return ()
    return _java(cmdline) if name == "java" else _interpreted(name, start, cmdline)[0]


def reads_standard_input(exe: str, cmdline: Sequence[str]) -> bool:
    """Whether an interpreter takes its program from standard input: it was given none, or ``-``."""
    name, start = _applet(_plain_name(exe), cmdline)
    return name in _FROM_INPUT and bool(cmdline) and not _interpreted(name, start, cmdline)[1]


def _interpreted(
    name: str, start: int, cmdline: Sequence[str]
) -> tuple[tuple[tuple[int, str], ...], bool]:
    """The paths of programs, and whether a program (or code) was given at all."""
    found: list[tuple[int, str]] = []
    wants, coded = None, False
    for index, text in enumerate(cmdline[start : start + 64], start):
        if wants is not None:
            found += [(index, text)] if wants == "program" else []
            found += _of_setting(index, text) if name == "php" else []
            if wants == "program" and name in _DATA_FOLLOWS:
                return tuple(found), True  # what follows is data for that program
            wants = None
        elif text == "-" or not text:
            break
        elif not text.startswith(("-", "+")):
            # awk's first word is program text, not a file
            plain = coded or name in ("gawk", "mawk", "awk")
            return tuple(found) if plain else (*found, (index, text)), True
        elif text.startswith("--"):
            option, sign, value = text.partition("=")
            known = option in _LONG_PROGRAM
            found += [(index, value)] if known and sign else []
            wants = "program" if known and not sign else None
            wants = "value" if text in _LONG_VALUED else wants
        elif "s" in text and name in _SHELLS:
            break  # -s: what follows are arguments of a program from standard input
        else:
            found += _of_setting(index, text) if name == "php" else []
            if text.startswith("-I") and name in ("perl", "ruby") and text[2:].startswith(_SHARED):
                found.append((index, text[2:]))  # modules come from there
            wants, attached = _short_options(text[1:], name)
            found += [(index, attached)] if attached else []
            coded = coded or wants == "code"
            if wants == "code" and name not in _NODE:
                break
            wants = "value" if wants == "code" else wants  # node may require more behind it
    return tuple(found), coded


def _of_setting(index: int, text: str) -> list[tuple[int, str]]:
    """A file that ``php -d`` has loaded before its script."""
    match = _PHP_CODE.search(text)
    return [] if match is None else [(index, match[1])]


def _applet(name: str, cmdline: Sequence[str]) -> tuple[str, int]:
    """What busybox is called as, and where that program's own arguments begin."""
    if name not in _BOXES or not cmdline:
        return name, 1
    called = posixpath.basename(cmdline[0]).lstrip("-")
    if called not in _BOXES:
        return _plain_name(called), 1
    return (_plain_name(cmdline[1]), 2) if len(cmdline) > 1 else (name, 1)


def _options(
    cmdline: Sequence[str], options: tuple[str, ...], positional: bool
) -> tuple[tuple[int, str], ...]:
    """The values of a program's options, as the next argument, behind ``=`` or attached."""
    found: list[tuple[int, str]] = []
    last = len(cmdline) - 1
    for index, text in enumerate(cmdline[1:64], 1):
        option, sign, value = text.partition("=")
        if text in options and index < last:
            found.append((index + 1, cmdline[index + 1]))
        elif sign and option.startswith("--") and option in options:
            found.append((index, value))
        elif text[:2] in options and text[2:3] == "/":
            found.append((index, text[2:]))
        elif positional and text.startswith("/"):
            found.append((index, text))
    return tuple(found)


def _java(cmdline: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """The jar or source file; agents; of a class path what lies where no library is installed, or
    all of it where it is one path."""
    found: list[tuple[int, str]] = []
    skip = False
    for index, text in enumerate(cmdline[1:64], 1):
        if skip:
            found += _class_path(index, text)
            skip = False
        elif text.startswith(("-", "@")):
            skip = text in _CLASS_PATH
            match = _JAVA_CODE.match(text)
            found += [] if match is None else _class_path(index, match[1])
        else:
            return (*found, (index, text)) if text.endswith((".jar", ".java")) else tuple(found)
    return tuple(found)


def _class_path(index: int, text: str) -> list[tuple[int, str]]:
    paths = text.split(":")
    if len(paths) == 1:
        return [(index, text)] if text.startswith("/") else []
    odd = [path for path in paths if path.startswith(_ODD_PLACES)]
    return [(index, path) for path in odd[:4]]


def _short_options(letters: str, name: str) -> tuple[str | None, str]:
    """What a bundle of short options wants next (``code``, a ``program``, a ``value``, or nothing),
    and the path of a program that is attached to it.

    Behind a letter that takes a value the rest of the bundle is that value: ``-I/usr/share``.
    """
    for place, letter in enumerate(letters):
        rest = letters[place + 1 :]
        if letter in _PROGRAM_OPTIONS.get(name, ""):
            return (None, rest) if rest else ("program", "")
        if letter in _VALUED.get(name, ""):
            return (None, "") if rest else ("value", "")
        if letter in _INLINE.get(name, ""):
            return "code", ""
    return None, ""


def scripts_of(process: Process) -> tuple[Argument, ...]:
    """The resolved arguments that are the interpreter's programs."""
    return tuple(argument for argument in process.arguments if argument.script)
