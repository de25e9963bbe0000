"""Programs that run other programs' text: interpreters and the dynamic loader.

The name of an executable is a reason to look at its arguments, never a verdict: what decides
is the inode an argument leads to. A name that is missing here costs a finding about a script, not
about a program.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from functools import lru_cache

from triage.model import Argument, Process

# name -> letters of the short options after which code or a module's name follows
_INLINE = {
    "python": "cm", "pypy": "cm", "perl": "eEM", "raku": "e", "ruby": "e", "lua": "e",
    "luajit": "e", "julia": "eE", "Rscript": "e", "node": "ep", "nodejs": "ep", "deno": "e",
    "bun": "e", "php": "rBE", "bash": "c", "dash": "c", "sh": "c", "zsh": "c", "ksh": "c",
    "mksh": "c", "ash": "c", "fish": "c", "busybox": "c", "toybox": "c", "tclsh": "c", "wish": "c",
    "expect": "c", "guile": "c", "java": "", "mono": "", "dotnet": "", "gawk": "", "mawk": "",
    "awk": "", "gjs": "c", "qjs": "e", "pwsh": "c",
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
     "--file", "--exec", "--preload"}
)  # fmt: skip
_BOXES = frozenset({"busybox", "toybox"})  # one program with the names of many
_CLASS_PATH = frozenset({"-cp", "-classpath", "--class-path", "-p", "--module-path"})
_VERSION = re.compile(r"[-.]?\d[\d.]*(?:[-.]?\w{1,4})?$")
_LOADER = re.compile(r"^(?:ld-linux[\w.-]*|ld-musl[\w.-]*|ld64?[-.][\w.-]*so[\w.]*|ld\.so)$")


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


def is_interpreter(exe: str) -> bool:
    """Whether a path's name is that of an interpreter, a loader included."""
    name = _plain_name(exe)
    return name == "ld.so" or name in _INLINE


def script_index(exe: str, cmdline: Sequence[str]) -> int | None:
    """Which argument an interpreter takes for its program; ``None`` when it takes none."""
    return next(iter(script_indexes(exe, cmdline)), None)


def script_indexes(exe: str, cmdline: Sequence[str]) -> tuple[int, ...]:
    """Which arguments an interpreter takes for programs: its script, and what it loads before.

    ``-c CODE`` and its kin take none, and neither does a program from standard input.
    """
    name, start = _applet(_plain_name(exe), cmdline)
    if name != "ld.so" and name not in _INLINE:
        return ()
    if name == "java":
        return _java(cmdline)
    found: list[int] = []
    wants = None
    for index, text in enumerate(cmdline[start : start + 64], start):
        if wants is not None:
            found += [index] if wants == "program" else []
            if wants == "program" and name in ("gawk", "mawk", "awk", "php", "expect"):
                break  # what follows is data for that program
            wants = None
        elif text == "-" or not text:
            break
        elif not text.startswith(("-", "+")):
            # awk's first word is program text, not a file
            return (*found, index) if name not in ("gawk", "mawk", "awk") else tuple(found)
        elif text.startswith("--"):
            wants = "program" if text in _LONG_PROGRAM else None
            wants = "value" if text in _LONG_VALUED else wants
        else:
            wants = _short_options(text[1:], name)
            if wants == "code":
                break
    return tuple(found)


def _applet(name: str, cmdline: Sequence[str]) -> tuple[str, int]:
    """What busybox is called as, and where that program's own arguments begin."""
    if name not in _BOXES or not cmdline:
        return name, 1
    called = posixpath.basename(cmdline[0]).lstrip("-")
    if called not in _BOXES:
        return _plain_name(called), 1
    return (_plain_name(cmdline[1]), 2) if len(cmdline) > 1 else (name, 1)


def _java(cmdline: Sequence[str]) -> tuple[int, ...]:
    """The jar or source file; or the class path, where only a class is named and it is one path."""
    path = None
    skip = False
    for index, text in enumerate(cmdline[1:64], 1):
        if skip:
            skip = False
        elif text.startswith("-"):
            skip = text in _CLASS_PATH
            path = index + 1 if skip else path
        else:
            return (index,) if text.endswith((".jar", ".java")) else _alone(cmdline, path)
    return ()


def _alone(cmdline: Sequence[str], path: int | None) -> tuple[int, ...]:
    if path is None or path >= len(cmdline) or ":" in cmdline[path]:
        return ()
    return (path,) if cmdline[path].startswith("/") else ()


def _short_options(letters: str, name: str) -> str | None:
    """What a bundle of short options wants next: ``code``, a ``program``, a ``value``, or nothing.

    Behind a letter that takes a value the rest of the bundle is that value: ``-I/usr/share``.
    """
    for place, letter in enumerate(letters):
        if letter in _PROGRAM_OPTIONS.get(name, ""):
            return None if letters[place + 1 :] else "program"
        if letter in _VALUED.get(name, ""):
            return None if letters[place + 1 :] else "value"
        if letter in _INLINE.get(name, ""):
            return "code"
    return None


def scripts_of(process: Process) -> tuple[Argument, ...]:
    """The resolved arguments that are the interpreter's programs."""
    return tuple(argument for argument in process.arguments if argument.script)
