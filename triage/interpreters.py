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
    "luajit": "e", "julia": "eE", "Rscript": "e", "node": "epr", "nodejs": "epr", "deno": "e",
    "bun": "e", "php": "rBE", "bash": "c", "dash": "c", "sh": "c", "zsh": "c", "ksh": "c",
    "mksh": "c", "ash": "c", "fish": "c", "busybox": "c", "tclsh": "c", "wish": "c",
    "expect": "c", "guile": "c", "java": "", "mono": "", "dotnet": "", "gawk": "", "mawk": "",
    "awk": "", "gjs": "c", "qjs": "e", "pwsh": "c",
}  # fmt: skip
# name -> letters of the short options that take the next argument as their value
_VALUED = {
    "python": "WXQ", "perl": "I", "ruby": "Ir", "bash": "oO", "zsh": "o", "ksh": "o",
    "dash": "o", "sh": "o", "php": "cdz", "node": "rC", "lua": "l", "gawk": "Fv", "mawk": "Fv",
    "awk": "Fv",
}  # fmt: skip
_LONG_VALUED = frozenset({"--rcfile", "--init-file", "--require", "--import", "--loader"})
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
    """Which argument an interpreter takes for its program; ``None`` when it takes none.

    ``-c CODE`` and its kin take none, and neither does a program from standard input.
    """
    if not is_interpreter(exe):
        return None
    name = _plain_name(exe)
    inline, valued = _INLINE.get(name, ""), _VALUED.get(name, "")
    skip = False
    for index, text in enumerate(cmdline[1:64], 1):
        if skip:
            skip = False
        elif text == "-" or not text:
            return None
        elif not text.startswith(("-", "+")):
            is_class = name == "java" and not text.endswith((".jar", ".java"))
            return None if is_class else index
        elif name == "java":
            skip = text in _CLASS_PATH
        elif text.startswith("--"):
            skip = text in _LONG_VALUED
        else:
            kind = _short_options(text[1:], inline, valued)
            if kind == "code":
                return None
            skip = kind == "value"
    return None


def _short_options(letters: str, inline: str, valued: str) -> str | None:
    """What a bundle of short options wants next: ``code``, a ``value``, or nothing.

    Behind a letter that takes a value the rest of the bundle is that value: ``-I/usr/share``.
    """
    for place, letter in enumerate(letters):
        if letter in valued:
            return None if letters[place + 1 :] else "value"
        if letter in inline:
            return "code"
    return None


def script_of(process: Process) -> Argument | None:
    """The resolved argument that is the interpreter's program."""
    return next((argument for argument in process.arguments if argument.script), None)
